//! A bare safetensors or PyTorch file with torchvision's AlexNet keys: what it leaves unsaid.

use alexnet_protocol::{
    Activation, ClassLabel, Network, NetworkConfig, Normalization, Preprocess, ResponseNorm,
};

use crate::container::{Container, Entry};
use crate::error::FormatError;
use crate::imagenet::imagenet_1k;
use crate::metadata::{Description, MAX_CLASSES, VERSION};

const NAME: &str = "torchvision's AlexNet";

/// Layers with weights in `torchvision.models.alexnet`, version 0.2 and later.
const LAYERS: [&str; 8] = [
    "features.0",
    "features.3",
    "features.6",
    "features.8",
    "features.10",
    "classifier.1",
    "classifier.4",
    "classifier.6",
];

/// Channel means and standard deviations of ImageNet, as torchvision's weights expect them, with the
/// shorter side scaled to 256 and the centre cropped to 224 (`AlexNet_Weights.IMAGENET1K_V1`).
const PREPROCESS: Preprocess =
    Preprocess { resize: 256, crop: 224, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/// The description of a file that has none: `alexnet-224`, ImageNet's classes where the last layer has a thousand
/// outputs and numbered ones where it has not, ImageNet's preprocessing.
///
/// # Errors
/// A sentence that names the first tensor that is missing or one too many.
pub fn describe(file: &Container<'_>) -> Result<Description, FormatError> {
    let keys: Vec<String> =
        LAYERS.iter().flat_map(|layer| [format!("{layer}.weight"), format!("{layer}.bias")]).collect();
    let mut last: Option<&Entry> = None;
    for key in &keys {
        last = file.entries().find(|entry| entry.name == *key);
        if last.is_none() {
            return Err(FormatError::MissingTensor { name: key.clone(), network: NAME });
        }
    }
    if let Some(other) = file.entries().find(|entry| !keys.contains(&entry.name)) {
        return Err(FormatError::UnexpectedTensor { name: other.name.clone(), network: NAME });
    }
    let outputs = last.and_then(|bias| bias.shape.first().copied()).unwrap_or_default();
    let classes = u32::try_from(outputs).unwrap_or(u32::MAX);
    let description = Description {
        version: VERSION,
        format: file.format().to_owned(),
        network: NetworkConfig {
            network: Network::AlexNet224,
            classes,
            width: 1.0,
            activation: Activation::Relu,
            normalization: Normalization::None,
            response_norm: ResponseNorm::default(),
            dropout: 0.5,
        },
        labels: labels(classes),
        preprocess: PREPROCESS,
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
