//! Every layer of a network in numbers, for the page's explorer of shapes.

use serde::{Deserialize, Serialize};

use crate::architecture::{Architecture, LayerKind, LayerSpec};
use crate::messages::NetworkError;
use crate::{Network, NetworkConfig};

/// Bytes per value.
const BYTES: u64 = 4;

/// The kind of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum LayerRole {
    /// A convolution.
    Convolution,
    /// Batch normalisation.
    BatchNorm,
    /// Local response normalisation.
    ResponseNorm,
    /// The activation function.
    Activation,
    /// Max-pooling.
    MaxPooling,
    /// Average pooling.
    AveragePooling,
    /// Dropout.
    Dropout,
    /// A fully connected layer.
    FullyConnected,
}

/// Which of the two groups' outputs a half of a layer reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum InputRule {
    /// Only those of its own group.
    Own,
    /// Those of both groups, which are exchanged before it.
    Both,
}

/// One layer. Sizes are per image, in single precision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct LayerShape {
    /// The usual name: `conv1`, `fc6`, …
    pub name: String,
    /// Its kind.
    pub role: LayerRole,
    /// Input channels, height and width.
    pub input: [u32; 3],
    /// Output channels, height and width.
    pub output: [u32; 3],
    /// Side of the kernel or window, in pixels, if it has one.
    pub kernel: Option<u32>,
    /// Stride of the kernel or window, in pixels.
    pub stride: Option<u32>,
    /// Zeros added on each side of a convolution's input, in pixels.
    pub padding: Option<u32>,
    /// Number of groups of a convolution's or a normalisation's channels.
    pub groups: Option<u32>,
    /// Number of trainable parameters.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub parameters: u64,
    /// Multiply-adds.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub multiply_adds: u64,
    /// Bytes of the output.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub output_bytes: u64,
    /// Bytes of the parameters.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub parameter_bytes: u64,
    /// In a network with two groups, which of them each half reads.
    pub reads: Option<InputRule>,
    /// Bytes that each group sends the other before this layer.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub sent_bytes: u64,
}

/// A network, layer by layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct NetworkShape {
    /// The architecture.
    pub network: Network,
    /// Side of the input, in pixels.
    pub input_size: u32,
    /// Number of groups (the paper's towers): 1 or 2.
    #[serde(rename = "towers")]
    pub groups: u32,
    /// The layers, in order.
    pub layers: Vec<LayerShape>,
}

impl NetworkShape {
    /// The layers of a configuration. 0 classes mean the network's default.
    ///
    /// # Errors
    /// As [`Architecture::new`].
    pub fn new(config: NetworkConfig) -> Result<Self, NetworkError> {
        let classes = match config.classes {
            0 => Architecture::default_classes(config.network),
            classes => classes,
        };
        let architecture = Architecture::new(NetworkConfig { classes, ..config })?;
        let layers = architecture.layers.iter().enumerate();
        Ok(Self {
            network: config.network,
            input_size: architecture.input_size as u32,
            groups: architecture.groups as u32,
            layers: layers.map(|(index, layer)| shape(&architecture, index, layer)).collect(),
        })
    }
}

fn shape(architecture: &Architecture, index: usize, layer: &LayerSpec) -> LayerShape {
    let size = |n: usize| Some(n as u32);
    let (role, kernel, stride, padding, groups) = match layer.kind {
        LayerKind::Conv2d { kernel, stride, padding, groups, .. } => {
            (LayerRole::Convolution, size(kernel), size(stride), size(padding), size(groups))
        }
        LayerKind::MaxPool2d { kernel, stride } => {
            (LayerRole::MaxPooling, size(kernel), size(stride), None, None)
        }
        LayerKind::ResponseNorm { groups, .. } => (LayerRole::ResponseNorm, None, None, None, size(groups)),
        LayerKind::BatchNorm => (LayerRole::BatchNorm, None, None, None, None),
        LayerKind::Activation => (LayerRole::Activation, None, None, None, None),
        LayerKind::AdaptiveAvgPool => (LayerRole::AveragePooling, None, None, None, None),
        LayerKind::Dropout(_) => (LayerRole::Dropout, None, None, None, None),
        LayerKind::Linear => (LayerRole::FullyConnected, None, None, None, None),
    };
    let trained = layer.tensors().into_iter().filter(|(.., trainable)| *trainable);
    let parameters: u64 = trained.map(|(_, shape, _)| shape.iter().product::<usize>() as u64).sum();
    let numbers = |shape: [usize; 3]| shape.iter().product::<usize>() as u64;
    let both = architecture.reads_both_groups(index);
    LayerShape {
        name: layer.name.clone(),
        role,
        input: layer.input.map(|n| n as u32),
        output: layer.output.map(|n| n as u32),
        kernel,
        stride,
        padding,
        groups,
        parameters,
        multiply_adds: layer.multiply_adds(),
        output_bytes: numbers(layer.output) * BYTES,
        parameter_bytes: parameters * BYTES,
        reads: (architecture.groups > 1).then_some(if both { InputRule::Both } else { InputRule::Own }),
        sent_bytes: if both { numbers(layer.input) / 2 * BYTES } else { 0 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activation, Normalization, ResponseNorm};

    fn shapes(network: Network) -> NetworkShape {
        NetworkShape::new(NetworkConfig {
            network,
            classes: 0,
            width: 1.0,
            activation: Activation::Relu,
            normalization: Normalization::None,
            response_norm: ResponseNorm::Paper,
            dropout: 0.5,
        })
        .unwrap()
    }

    #[test]
    fn parameters_add_up() {
        for (network, parameters) in [(Network::AlexNet224, 61_100_840), (Network::AlexNet2012, 60_965_224)] {
            let layers = shapes(network).layers;
            assert_eq!(layers.iter().map(|layer| layer.parameters).sum::<u64>(), parameters);
        }
    }

    #[test]
    fn groups_exchange_what_the_papers_figure_connects() {
        let shapes = shapes(Network::AlexNet2012);
        let both = shapes.layers.iter().filter(|layer| layer.reads == Some(InputRule::Both));
        let sent: Vec<_> = both.map(|layer| (layer.name.as_str(), layer.sent_bytes)).collect();
        assert_eq!(
            sent,
            [("conv3", 128 * 13 * 13 * 4), ("fc6", 128 * 6 * 6 * 4), ("fc7", 2048 * 4), ("fc8", 2048 * 4)]
        );
    }

    #[test]
    fn a_network_with_one_group_exchanges_nothing() {
        let shapes = shapes(Network::AlexNet32);
        assert!(shapes.layers.iter().all(|layer| layer.reads.is_none() && layer.sent_bytes == 0));
        assert_eq!(shapes.layers[0].kernel, Some(3));
    }
}
