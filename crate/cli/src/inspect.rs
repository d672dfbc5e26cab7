//! `alexnet inspect`.

use alexnet::{Classifier, Compute};
use alexnet_format::{ModelFile, ReadAt};
use alexnet_protocol::{ModelInfo, PUBLISHED_MODELS};
use anyhow::{Context, Result};
use serde::Serialize;

use crate::args::InspectArgs;
use crate::model::origin;
use crate::report;

/// `alexnet inspect`.
///
/// # Errors
/// If the file cannot be read as a model.
pub fn run(args: &InspectArgs) -> Result<()> {
    let file = args.model.file()?;
    let found = inspected(&*file).with_context(|| args.model.to_string())?;
    if args.json {
        return report::result(&serde_json::to_string(&found)?);
    }
    report::result(&summary(&found))
}

/// The content of a file, and whether it can be used.
#[derive(Serialize)]
struct Inspected {
    #[serde(flatten)]
    info: ModelInfo,
    /// Why it cannot be used: the error of trying to.
    problem: Option<String>,
}

fn inspected(file: &dyn ReadAt) -> Result<Inspected> {
    let opened = ModelFile::open(file)?;
    let mut info = opened.info();
    if info.origin.is_none() {
        info.origin = origin(file, &PUBLISHED_MODELS)?;
    }
    // Load the network, because damaged tensors show only when they are read.
    let problem = Classifier::from_file(&opened, &Compute::cpu()).err().map(|error| error.to_string());
    Ok(Inspected { info, problem })
}

/// The report for people.
fn summary(Inspected { info, problem }: &Inspected) -> String {
    let (c, p) = (info.config, info.preprocess);
    let mut lines = vec![
        format!("format      {}", info.format),
        format!(
            "network     {} (width {}, {}, normalisation {}, dropout {})",
            c.network, c.width, c.activation, c.normalization, c.dropout
        ),
        format!("classes     {}", info.classes),
        format!("parameters  {}", info.parameters),
        format!(
            "input       shorter side {}, centre {} pixels, mean {:?}, std {:?}",
            p.resize, p.crop, p.mean, p.std
        ),
    ];
    lines.extend(info.calibration.map(|c| {
        format!(
            "calibrated  temperature {:.4}, calibration error {:.2} % before, {:.2} % after, not sure below {:.2}",
            c.temperature,
            c.ece_before * 100.0,
            c.ece_after * 100.0,
            c.confidence_threshold
        )
    }));
    lines.extend(info.calibration.and_then(|c| c.out_of_distribution).map(|known| {
        format!(
            "unknown     energy score below {:.3}, contrast below {:.1}, roughness outside {:.3} to {:.3}, flatness \
             above {:.3}: by mistake for {:.1} % of what it knows",
            known.energy,
            known.contrast,
            known.roughness[0],
            known.roughness[1],
            known.flatness,
            known.false_alarms * 100.0
        )
    }));
    lines.extend(info.steps.map(|steps| format!("steps       {steps}")));
    lines.extend(info.origin.as_ref().map(|origin| format!("origin      {origin}")));
    lines.extend(problem.as_ref().map(|problem| format!("problem     {problem}")));
    lines.extend(info.tensors.iter().map(|t| format!("{:4} {:?}  {}", t.dtype, t.shape, t.name)));
    lines.join("\n")
}
