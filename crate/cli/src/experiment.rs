//! `alexnet experiment`: the experiments of Learn, natively.

use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use alexnet::Compute;
use alexnet_data::{Dataset, InputSize};
use alexnet_experiment::Inputs;
use alexnet_protocol::experiments::experiment;
use alexnet_protocol::messages::ExperimentError;
use alexnet_protocol::{
    Architecture, EXPERIMENTS, Experiment, ExperimentData, Network, Outcome, RunReport, RunSpec, Settings,
    Unit,
};
use anyhow::{Result, anyhow, bail, ensure};
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
    let (reports, outcome) = run_all(declared, &settings, &seeds, args)?;
    if args.json {
        return report::result(&document(declared, &settings, &seeds, &reports, &outcome).to_string());
    }
    print(declared, &outcome)
}

/// Runs everything, on every processor: runs do not depend on each other.
fn run_all(
    declared: &Experiment,
    settings: &Settings,
    seeds: &[u32],
    args: &ExperimentArgs,
) -> Result<(Vec<RunReport>, Outcome)> {
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let mut reports: Vec<RunReport> = Vec::new();
    loop {
        let specs = alexnet_experiment::plan(declared.name, settings, seeds, &reports)?;
        if specs.is_empty() {
            let outcome = alexnet_experiment::summarise(declared.name, settings, &reports)?;
            return Ok((reports, outcome));
        }
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            // A data set stays on its thread.
            let inputs = Inputs { compute: Compute::cpu(), images: images(declared, args)? };
            while let Some((index, spec)) = take(&next, &specs) {
                let mut run = alexnet_experiment::start(declared.name, settings, spec, &inputs)?;
                while pollster::block_on(run.advance())? < 1.0 {}
                let report = run.report();
                note(&report);
                done.push((index, report));
            }
            Ok::<_, anyhow::Error>(done)
        };
        let mut done = thread::scope(|scope| {
            let threads: Vec<_> = (0..processors.min(specs.len())).map(|_| scope.spawn(work)).collect();
            let mut done = Vec::new();
            for thread in threads {
                let part = thread.join().map_err(|_| anyhow!("a run broke off: see above"))??;
                done.extend(part);
            }
            Ok::<_, anyhow::Error>(done)
        })?;
        done.sort_by_key(|(index, _)| *index);
        reports.extend(done.into_iter().map(|(_, report)| report));
    }
}

/// The next run that no thread has taken.
fn take<'a>(next: &AtomicUsize, specs: &'a [RunSpec]) -> Option<(usize, &'a RunSpec)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    specs.get(index).map(|spec| (index, spec))
}

/// Says that a run is done, and what it measured.
fn note(report: &RunReport) {
    let values: Vec<String> =
        report.values.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
    let RunSpec { arm, seed, .. } = &report.spec;
    report::note(&format!("{arm} · seed {seed}: {}", values.join(", ")));
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
