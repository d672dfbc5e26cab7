//! The protocol's TypeScript twins: `web/src/generated/protocol.ts`.

use std::path::Path;

use alexnet_protocol as protocol;
use anyhow::{Context, Result};
use serde::Serialize;
use ts_rs::TS;

use crate::files::write_if_changed;

/// Writes the module when its text differs, and says whether it did.
pub fn write(to: &Path) -> Result<bool> {
    write_if_changed(to, module()?.as_bytes())
}

/// Every type of the protocol, the tables of names and the table of options, as one ES module.
fn module() -> Result<String> {
    let mut text = String::from("// Written from crate/protocol by `cargo xtask`: change it there.\n");
    macro_rules! types {
        ($($name:ident),+ $(,)?) => { $(declare::<protocol::$name>(&mut text);)+ };
    }
    types!(
        Network,
        Activation,
        Normalization,
        Optimizer,
        Schedule,
        Backend,
        DropoutLayer, // names
        RunOptions,
        Kind,
        When,
        OptionSpec, // options
        StepMetrics,
        Validation,
        Prediction,
        Watched,
        RunInfo, // reports
        NetworkConfig,
        ClassLabel,
        Preprocess,
        TensorInfo,
        ModelInfo, // models
    );
    constant(&mut text, "NETWORKS", "readonly Network[]", &protocol::Network::ALL)?;
    constant(&mut text, "ACTIVATIONS", "readonly Activation[]", &protocol::Activation::ALL)?;
    constant(&mut text, "NORMALIZATIONS", "readonly Normalization[]", &protocol::Normalization::ALL)?;
    constant(&mut text, "OPTIMIZERS", "readonly Optimizer[]", &protocol::Optimizer::ALL)?;
    constant(&mut text, "SCHEDULES", "readonly Schedule[]", &protocol::Schedule::ALL)?;
    constant(&mut text, "BACKENDS", "readonly Backend[]", &protocol::Backend::ALL)?;
    constant(&mut text, "DROPOUT_LAYERS", "readonly DropoutLayer[]", &protocol::DropoutLayer::ALL)?;
    constant(&mut text, "DEFAULT_OPTIONS", "RunOptions", &protocol::RunOptions::default())?;
    constant(&mut text, "OPTIONS", "OptionSpec[]", &protocol::option_table())?;
    Ok(text)
}

/// Appends a type's declaration below its documentation.
fn declare<T: TS>(text: &mut String) {
    text.push('\n');
    text.push_str(T::docs().unwrap_or_default().trim_end());
    text.push_str(&format!("\nexport {}\n", T::decl()));
}

/// Appends a typed constant.
fn constant(text: &mut String, name: &str, kind: &str, value: &impl Serialize) -> Result<()> {
    let json = serde_json::to_string_pretty(value).with_context(|| format!("cannot write {name} as JSON"))?;
    text.push_str(&format!("\nexport const {name}: {kind} = {json};\n"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_a_declaration_refers_to_is_declared() {
        let text = module().unwrap();
        let mut seen = 0;
        for word in text
            .lines()
            .filter(|line| !line.trim_start().starts_with(['*', '/', '"']))
            .flat_map(|line| line.split(|c: char| !c.is_alphanumeric()))
        {
            let is_type = word.starts_with(|c: char| c.is_ascii_uppercase())
                && word.contains(|c: char| c.is_ascii_lowercase())
                && word != "Array";
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
        assert!(text.contains("\"default\": 0.02"));
    }
}
