//! Generates the protocol's TypeScript types: `web/src/generated/protocol.ts`.

use std::path::Path;

use alexnet_protocol as protocol;
use anyhow::{Context, Result};
use serde::Serialize;
use ts_rs::TS;

use crate::files::write_if_changed;

/// Writes the module if its text has changed, and returns whether it did.
pub fn write(to: &Path) -> Result<bool> {
    write_if_changed(to, module()?.as_bytes())
}

/// Writes the table of experiments, a module of its own: only one view of the page needs it.
pub fn write_experiments(to: &Path) -> Result<bool> {
    let table = json(&protocol::EXPERIMENTS)?;
    let text = format!(
        "{HEAD}\nimport type {{ Experiment }} from \"./protocol\";\n\n\
         export const EXPERIMENTS: readonly Experiment[] = {table};\n"
    );
    write_if_changed(to, text.as_bytes())
}

const HEAD: &str = "// Written from crate/protocol by `cargo xtask`: change it there.\n";

/// The protocol as one TypeScript module.
fn module() -> Result<String> {
    let mut text = types();
    for (name, kind, json) in constants()? {
        text.push_str(&format!("\nexport const {name}: {kind} = {json};\n"));
    }
    Ok(text)
}

/// The protocol's constants as a JavaScript module, for users without TypeScript.
pub fn script() -> Result<String> {
    let mut text = String::from(HEAD);
    for (name, _, json) in constants()? {
        text.push_str(&format!("\nexport const {name} = {json};\n"));
    }
    Ok(text)
}

/// The declarations for [`script`].
pub fn declarations() -> Result<String> {
    let mut text = types();
    for (name, kind, _) in constants()? {
        text.push_str(&format!("\nexport declare const {name}: {kind};\n"));
    }
    Ok(text)
}

/// Every type of the protocol.
fn types() -> String {
    let mut text = String::from(HEAD);
    macro_rules! types {
        ($($name:ident),+ $(,)?) => { $(declare::<protocol::$name>(&mut text);)+ };
    }
    // Names, options, metrics, models.
    types!(
        Network,
        Activation,
        Normalization,
        ResponseNorm,
        Optimizer,
        Schedule,
        Freeze,
        TestCrops,
        Backend,
        DropoutLayer
    );
    types!(RunOptions, FineTuning, OptionKind, OptionTiming, OptionSpec);
    types!(StepMetrics, Validation, Prediction, Neighbor, ValidationPrediction, RunInfo);
    types!(
        NetworkConfig,
        ClassLabel,
        Preprocess,
        Calibration,
        OutOfDistribution,
        TensorInfo,
        ModelInfo,
        PaperResult
    );
    types!(LayerRole, InputRule, LayerShape, NetworkShape);
    types!(
        Experiment,
        Answer,
        Published,
        Unit,
        Setting,
        Preset,
        ExperimentData,
        Figure,
        FigureKind,
        PublishedCurve,
        RunStage,
        RunSpec,
        Curve,
        RunReport,
        Picture,
        PlaneNetwork,
        PlanePoint,
        Histogram,
        ArmSummary,
        Outcome
    );
    types!(LayerMaps, SimilarClass, OcclusionGrid, EvaluationMetrics, EvaluatedModel, Evaluation);
    text
}

/// Name, type and JSON of each constant: lists of names, the defaults and the option table.
fn constants() -> Result<Vec<(&'static str, &'static str, String)>> {
    Ok(vec![
        ("NETWORKS", "readonly Network[]", json(&protocol::Network::ALL)?),
        ("ACTIVATIONS", "readonly Activation[]", json(&protocol::Activation::ALL)?),
        ("NORMALIZATIONS", "readonly Normalization[]", json(&protocol::Normalization::ALL)?),
        ("RESPONSE_NORMS", "readonly ResponseNorm[]", json(&protocol::ResponseNorm::ALL)?),
        ("OPTIMIZERS", "readonly Optimizer[]", json(&protocol::Optimizer::ALL)?),
        ("SCHEDULES", "readonly Schedule[]", json(&protocol::Schedule::ALL)?),
        ("FREEZES", "readonly Freeze[]", json(&protocol::Freeze::ALL)?),
        ("BACKENDS", "readonly Backend[]", json(&protocol::Backend::ALL)?),
        ("DROPOUT_LAYERS", "readonly DropoutLayer[]", json(&protocol::DropoutLayer::ALL)?),
        ("PAPER_RESULTS", "readonly PaperResult[]", json(&protocol::PAPER_RESULTS)?),
        ("DEFAULT_OPTIONS", "RunOptions", json(&protocol::RunOptions::default())?),
        ("FINE_TUNING", "FineTuning", json(&protocol::fine_tuning())?),
        ("OPTIONS", "OptionSpec[]", json(&protocol::option_table())?),
    ])
}

/// Appends a type's declaration with its documentation.
fn declare<T: TS>(text: &mut String) {
    text.push('\n');
    text.push_str(T::docs().unwrap_or_default().trim_end());
    text.push_str(&format!("\nexport {}\n", T::decl()));
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string_pretty(value).context("cannot write the protocol as JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_referenced_type_is_declared() {
        let text = module().unwrap();
        let mut seen = 0;
        for word in text
            .lines()
            .filter(|line| !line.trim_start().starts_with(['*', '/', '"']))
            .flat_map(|line| line.split(|c: char| !c.is_alphanumeric()))
        {
            let is_type = word.starts_with(|c: char| c.is_ascii_uppercase())
                && word.contains(|c: char| c.is_ascii_lowercase())
                && !matches!(word, "Array" | "Record");
            if is_type {
                seen += 1;
                let declared = text.contains(&format!("export type {word} "));
                assert!(declared, "{word} is used but not declared");
            }
        }
        assert!(seen > 20);
    }

    #[test]
    fn options_carry_defaults_and_ranges() {
        let text = module().unwrap();
        assert!(text.contains("export const OPTIONS: OptionSpec[] = ["));
        assert!(text.contains("\"name\": \"learningRate\""));
        let rate = alexnet_protocol::RunOptions::default().learning_rate;
        assert!(text.contains(&format!("\"default\": {rate}")));
    }
}
