//! `alexnet convert` and `alexnet average`.

use alexnet::Classifier;
use alexnet_format::Checkpoint;
use anyhow::{Context, Result};

use crate::args::{AverageArgs, ConvertArgs};
use crate::model::ModelName;

/// `alexnet convert`.
///
/// # Errors
/// If either file cannot be used, or the weights do not fit their network.
pub fn run(args: &ConvertArgs) -> Result<()> {
    let model = args.input.checkpoint()?;
    Classifier::check(&model).with_context(|| args.input.to_string())?;
    let model = Checkpoint { origin: args.origin.clone().or(model.origin), ..model };
    args.output.write(&model, args.stored.precision())
}

/// `alexnet average`.
///
/// # Errors
/// If a file cannot be read or written, or the models differ in layers or classes.
pub fn average(args: &AverageArgs) -> Result<()> {
    let models = args.model.iter().map(ModelName::model).collect::<Result<Vec<_>>>()?;
    let mean = alexnet::average::average(&models)?;
    let model = Checkpoint { origin: args.origin.clone().or(mean.origin), ..mean };
    args.out.write(&model, args.stored.precision())
}
