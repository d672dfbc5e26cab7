//! Every layer of a network in numbers, for people: what the explorer of shapes shows.

use serde::{Deserialize, Serialize};

use crate::architecture::{Architecture, LayerKind, LayerSpec};
use crate::messages::NetworkError;
use crate::{Network, NetworkConfig};

/// Bytes of a number.
const BYTES: u64 = 4;

/// What a layer does.
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
    /// The non-linearity.
    Activation,
    /// Maximum over windows.
    MaxPooling,
    /// Mean over windows.
    AveragePooling,
    /// Dropout.
    Dropout,
    /// A fully connected layer.
    FullyConnected,
}

/// Which of two towers a half of a layer reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum InputRule {
    /// Its own alone.
    Own,
    /// Both: the halves are joined before it.
    Both,
}

/// One layer; sizes are those of one image, in single precision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct LayerShape {
    /// The field's name: `conv1`, `fc6`, …
    pub name: String,
    /// What it does.
    pub role: LayerRole,
    /// Channels, height and width that come in.
    pub input: [u32; 3],
    /// Channels, height and width that go out.
    pub output: [u32; 3],
    /// Side of the kernel or window in pixels, for layers that have one.
    pub kernel: Option<u32>,
    /// Step of the kernel or window in pixels.
    pub stride: Option<u32>,
    /// Zeros added on each side of a convolution's input, in pixels.
    pub padding: Option<u32>,
    /// Parts that a convolution's or a normalisation's channels are cut into.
    pub groups: Option<u32>,
    /// Trainable numbers.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub parameters: u64,
    /// Multiplications with an addition.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub multiply_adds: u64,
    /// Bytes of what goes out.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub output_bytes: u64,
    /// Bytes of the parameters.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub parameter_bytes: u64,
    /// In a network of two towers, which of them each half reads.
    pub reads: Option<InputRule>,
    /// Bytes that each tower sends the other before this layer.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub sent_bytes: u64,
}

/// A network, layer by layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct NetworkShape {
    /// The row of the table of architectures.
    pub network: Network,
    /// Side of the input in pixels.
    pub input_size: u32,
    /// Towers: 1 or 2.
    pub towers: u32,
    /// The layers, in order.
    pub layers: Vec<LayerShape>,
}

impl NetworkShape {
    /// A configuration in numbers; 0 classes mean the network's usual number.
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
            towers: architecture.towers as u32,
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
    let both = architecture.reads_both(index);
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
        reads: (architecture.towers > 1).then_some(if both { InputRule::Both } else { InputRule::Own }),
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
    fn sums_of_the_networks() {
        for (network, parameters) in [(Network::AlexNet224, 61_100_840), (Network::AlexNet2012, 60_965_224)] {
            let layers = shapes(network).layers;
            assert_eq!(layers.iter().map(|layer| layer.parameters).sum::<u64>(), parameters);
        }
    }

    #[test]
    fn who_reads_what_in_the_papers_figure() {
        let shapes = shapes(Network::AlexNet2012);
        let both = shapes.layers.iter().filter(|layer| layer.reads == Some(InputRule::Both));
        let sent: Vec<_> = both.map(|layer| (layer.name.as_str(), layer.sent_bytes)).collect();
        assert_eq!(
            sent,
            [("conv3", 128 * 13 * 13 * 4), ("fc6", 128 * 6 * 6 * 4), ("fc7", 2048 * 4), ("fc8", 2048 * 4)]
        );
    }

    #[test]
    fn a_network_in_one_piece_exchanges_nothing() {
        let shapes = shapes(Network::AlexNet32);
        assert!(shapes.layers.iter().all(|layer| layer.reads.is_none() && layer.sent_bytes == 0));
        assert_eq!(shapes.layers[0].kernel, Some(3));
    }
}
