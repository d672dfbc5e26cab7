//! The description of a plain file, which has none of its own: a safetensors or PyTorch file with the keys of
//! torchvision's AlexNet or of the 2012 network.

use alexnet_protocol::architecture::MAX_CLASSES;
use alexnet_protocol::messages::{FormatError, NetworkName};
use alexnet_protocol::{
    Activation, Architecture, ClassLabel, Network, NetworkConfig, Normalization, ResponseNorm,
};

use crate::container::{Container, Entry};
use crate::imagenet::imagenet_1k;
use crate::metadata::{Description, VERSION};
use crate::printable::printable;

/// A network by the keys of its PyTorch state dict.
struct Layout {
    network: Network,
    /// Its name in a sentence.
    name: NetworkName,
    /// The layers with weights.
    layers: [&'static str; 8],
}

/// `torchvision.models.alexnet`, version 0.2 and later.
const TORCHVISION: Layout = Layout {
    network: Network::AlexNet224,
    name: NetworkName::Torchvision,
    layers: [
        "features.0",
        "features.3",
        "features.6",
        "features.8",
        "features.10",
        "classifier.1",
        "classifier.4",
        "classifier.6",
    ],
};

/// The 2012 network with keys in the same style; response normalisation counts as a layer of `features`.
const TWO_GROUPS: Layout = Layout {
    network: Network::AlexNet2012,
    name: NetworkName::Paper,
    layers: [
        "features.0",
        "features.4",
        "features.8",
        "features.10",
        "features.12",
        "classifier.1",
        "classifier.4",
        "classifier.6",
    ],
};

/// The description of a plain file: `alexnet-224`, or `alexnet-2012` if the keys are its; ImageNet's classes if the last
/// layer has a thousand outputs, otherwise numbered classes; ImageNet's preprocessing.
///
/// # Errors
/// Names the first tensor that is missing or unknown.
pub fn describe(file: &Container<'_>) -> Result<Description, FormatError> {
    let has = |name: &str| file.entries().any(|entry| entry.name == name);
    let two_towers = has("features.4.weight") && has("features.12.weight");
    let Layout { network, name: taken_for, layers } = if two_towers { TWO_GROUPS } else { TORCHVISION };
    let keys: Vec<String> =
        layers.iter().flat_map(|layer| [format!("{layer}.weight"), format!("{layer}.bias")]).collect();
    let mut last: Option<&Entry> = None;
    for key in &keys {
        last = file.entries().find(|entry| entry.name == *key);
        if last.is_none() {
            return Err(FormatError::MissingTensor { name: key.clone(), network: taken_for });
        }
    }
    if let Some(other) = file.entries().find(|entry| !keys.contains(&entry.name)) {
        return Err(FormatError::UnexpectedTensor { name: printable(&other.name), network: taken_for });
    }
    let outputs = last.and_then(|bias| bias.shape.first().copied()).unwrap_or_default();
    let classes = u32::try_from(outputs).unwrap_or(u32::MAX);
    let description = Description {
        version: VERSION,
        format: file.format().to_owned(),
        network: NetworkConfig {
            network,
            classes,
            width: 1.0,
            activation: Activation::Relu,
            normalization: Normalization::None,
            response_norm: ResponseNorm::default(),
            dropout: 0.5,
        },
        labels: labels(classes),
        preprocess: Architecture::default_preprocess(network),
        calibration: None,
        origin: None,
        run: None,
        steps: None,
    };
    description.check()?;
    Ok(description)
}

fn labels(classes: u32) -> Vec<ClassLabel> {
    let imagenet = imagenet_1k();
    if classes as usize == imagenet.len() {
        return imagenet;
    }
    let numbered = |i: u32| ClassLabel { id: i.to_string(), name: format!("class {i}") };
    (0..classes.min(MAX_CLASSES)).map(numbered).collect()
}
