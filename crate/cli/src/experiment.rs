//! `alexnet experiment`: the experiments of Learn, natively.

use std::rc::Rc;

use alexnet::Compute;
use alexnet_data::{Dataset, InputSize};
use alexnet_experiment::Inputs;
use alexnet_protocol::experiments::experiment;
use alexnet_protocol::messages::ExperimentError;
use alexnet_protocol::{
    Architecture, EXPERIMENTS, Experiment, ExperimentData, Network, Outcome, RunReport, Settings, Unit,
};
use anyhow::{Result, bail, ensure};
use serde_json::json;

use crate::args::ExperimentArgs;
use crate::{data, packed, report};

/// Seed of the split of a data set without validation images.
const SPLIT_SEED: u32 = 0;

/// Runs an experiment, or lists them all.
///
/// # Errors
/// An experiment, a setting or a data set that cannot be used.
pub fn run(args: &ExperimentArgs) -> Result<()> {
    let Some(name) = &args.name else {
        return list(args.json);
    };
    let declared = experiment(name).ok_or_else(|| ExperimentError::Unknown { name: name.clone() })?;
    let settings = settings(declared, &args.set)?;
    let first = args.seed;
    let seeds: Vec<u32> = (0..args.seeds.unwrap_or(declared.seeds)).map(|i| first.wrapping_add(i)).collect();
    ensure!(!seeds.is_empty(), "an experiment needs at least one seed: give --seeds 1 or more");
    let inputs = Inputs { compute: Compute::cpu(), images: images(declared, args)? };
    let runs = alexnet_experiment::run(name, &settings, &seeds, &inputs, |report| {
        let values: Vec<String> =
            report.values.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
        report::note(&format!("{} · seed {}: {}", report.spec.arm, report.spec.seed, values.join(", ")));
    });
    let (reports, outcome) = pollster::block_on(runs)?;
    if args.json {
        return report::result(&document(declared, &settings, &seeds, &reports, &outcome).to_string());
    }
    print(declared, &outcome)
}

fn document(
    declared: &Experiment,
    settings: &Settings,
    seeds: &[u32],
    reports: &[RunReport],
    outcome: &Outcome,
) -> serde_json::Value {
    let published = declared.published.iter().map(|figure| {
        json!({ "name": figure.name, "text": figure.text, "value": figure.value, "unit": figure.unit })
    });
    let mut result = json!(outcome);
    result["words"] = outcome.verdict.iter().map(ToString::to_string).collect();
    json!({
        "experiment": declared.name,
        "claim": declared.claim,
        "source": declared.source,
        "settings": settings,
        "seeds": seeds,
        "result": result,
        "published": published.collect::<Vec<_>>(),
        "runs": reports.iter().map(|report| json!({
            "arm": report.spec.arm, "seed": report.spec.seed, "stage": report.spec.stage,
            "learningRate": report.spec.learning_rate, "values": report.values, "curves": report.curves,
        })).collect::<Vec<_>>(),
    })
}

fn print(declared: &Experiment, outcome: &Outcome) -> Result<()> {
    report::result(declared.claim)?;
    for sentence in &outcome.verdict {
        report::result(&sentence.to_string())?;
    }
    for arm in &outcome.arms {
        let values: Vec<String> = arm.values.iter().map(|value| format!("{value:.4}")).collect();
        report::result(&format!("{:16} {}   mean {:.4}", arm.arm, values.join("  "), arm.mean))?;
    }
    for figure in declared.published {
        let unit = match figure.unit {
            Unit::Percent => format!("{:.1} %", figure.value * 100.0),
            Unit::Points => format!("{:.1} points", figure.value * 100.0),
            Unit::Times => format!("{} times", figure.value),
            Unit::Count | Unit::Number => figure.value.to_string(),
        };
        report::result(&format!("published: {unit} ({}; {})", figure.text, declared.source))?;
    }
    Ok(())
}

fn list(json: bool) -> Result<()> {
    if json {
        let rows = EXPERIMENTS.iter().map(|experiment| {
            json!({ "experiment": experiment.name, "claim": experiment.claim, "source": experiment.source,
                "settings": experiment.settings, "presets": experiment.presets })
        });
        return report::result(&json!(rows.collect::<Vec<_>>()).to_string());
    }
    for experiment in EXPERIMENTS {
        report::result(&format!("{:16} {}", experiment.name, experiment.claim))?;
        for setting in experiment.settings {
            let choices: Vec<&str> = setting.choices.iter().map(|choice| choice.name).collect();
            report::result(&format!("{:16}   --set {}={}", "", setting.name, choices.join("|")))?;
        }
    }
    Ok(())
}

/// The settings `key=value`, checked.
fn settings(declared: &Experiment, given: &[String]) -> Result<Settings> {
    let mut settings = Settings::new();
    for pair in given {
        let Some((name, value)) = pair.split_once('=') else {
            bail!("--set {pair}: write it as NAME=VALUE");
        };
        settings.insert(name.to_owned(), value.to_owned());
    }
    declared.check(&settings).map_err(ExperimentError::from)?;
    Ok(settings)
}

/// The images that the experiment needs, at the input size of `alexnet-32`.
fn images(declared: &Experiment, args: &ExperimentArgs) -> Result<Option<Rc<dyn Dataset>>> {
    if declared.data == ExperimentData::None {
        return Ok(None);
    }
    let size = Architecture::input_size_of(Network::AlexNet32);
    if args.data.is_empty() {
        return Ok(Some(Rc::new(packed::fashion_mnist(size)?)));
    }
    let square = InputSize::whole(size);
    Ok(Some(Rc::new(data::load_training(&args.data, &[], square, SPLIT_SEED)?)))
}
