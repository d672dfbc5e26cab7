//! The table of architectures: from a few numbers per network it computes every layer, shape and parameter
//! count.

mod rows;

use crate::messages::NetworkError;
use crate::{Network, NetworkConfig, Normalization, Preprocess, ResponseNorm};
use rows::definition;

/// Local response normalisation: `out_i = x_i / (k + α Σ_j x_j²)^β`. The sum runs over the `size` channels
/// around channel `i`, at the same pixel; channels that do not exist are left out (section 3.3 of the AlexNet
/// paper).
///
/// α multiplies the plain sum, as printed in the paper. PyTorch, Caffe, ONNX and Krizhevsky's cuda-convnet
/// first divide their α by `size`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocalResponseNorm {
    /// Number of channels in a sum. Must be odd: the channel itself and as many on either side.
    pub size: usize,
    /// Factor of the sum of squares, α.
    pub alpha: f32,
    /// Exponent, β.
    pub beta: f32,
    /// Added to the sum, k, so that weak responses are hardly changed.
    pub k: f32,
}

impl LocalResponseNorm {
    /// The constants of section 3.3 of the paper.
    const PAPER: Self = Self { size: 5, alpha: 1e-4, beta: 0.75, k: 2.0 };
    /// `local_size: 5 alpha: 0.0001 beta: 0.75` of Caffe's models, whose `k` is 1 by default.
    const CAFFE: Self = Self { size: 5, alpha: 1e-4 / 5.0, beta: 0.75, k: 1.0 };
}

/// What an experiment changes in a network beyond its configuration. The default changes nothing. Files cannot hold a
/// changed network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variation {
    /// Convolutions and hidden fully connected layers that are left out: `conv3`, `fc6`. Their activation, normalisation
    /// and dropout go with them, pooling stays.
    pub without: Vec<&'static str>,
    /// Side of the windows of max-pooling, 3 by default. With 2 they do not overlap.
    pub pool_window: Option<usize>,
    /// Units of fc6 and fc7.
    pub hidden_units: Option<usize>,
}

impl Variation {
    fn keeps(&self, layer: &str) -> bool {
        !self.without.contains(&layer)
    }
}

/// Largest number of classes of a network.
pub const MAX_CLASSES: u32 = 100_000;

/// The operation of a layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LayerKind {
    /// 2D convolution with a square kernel.
    Conv2d {
        /// Side of the kernel, in pixels.
        kernel: usize,
        /// Stride, in pixels.
        stride: usize,
        /// Zeros added on each side, in pixels.
        padding: usize,
        /// Whether it has a bias. Not where batch normalisation follows.
        bias: bool,
        /// PyTorch's `groups`: 2 where the two halves of a 2012 network are not connected, else 1.
        groups: usize,
    },
    /// Batch normalisation per channel.
    BatchNorm,
    /// Local response normalisation.
    ResponseNorm {
        /// Its constants.
        constants: LocalResponseNorm,
        /// Number of groups of channels that are normalised separately.
        groups: usize,
    },
    /// The configured activation function.
    Activation,
    /// Max-pooling.
    MaxPool2d {
        /// Side of the window, in pixels.
        kernel: usize,
        /// Stride, in pixels. Smaller than the window, so windows overlap (section 3.4 of the paper).
        stride: usize,
    },
    /// Adaptive average pooling to the size of the output.
    AdaptiveAvgPool,
    /// Dropout on the flattened input of a fully connected layer (index 0: fc6, 1: fc7).
    Dropout(usize),
    /// Fully connected layer.
    Linear,
}

/// One layer with its shapes.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerSpec {
    /// The usual name: `conv1`, `relu1`, `pool1`, `fc6`, …
    pub name: String,
    /// Key in torchvision's state dict: `features.0`, `classifier.1`, …
    pub key: String,
    /// The operation.
    pub kind: LayerKind,
    /// Input channels, height and width. Height and width are 1 after the convolutions.
    pub input: [usize; 3],
    /// Output channels, height and width.
    pub output: [usize; 3],
}

impl LayerSpec {
    /// Name, shape and whether it is trainable, for each tensor of the layer. Running statistics come last.
    pub fn tensors(&self) -> Vec<(String, Vec<usize>, bool)> {
        let key = &self.key;
        let [inputs, outputs] = [self.input[0], self.output[0]];
        match self.kind {
            LayerKind::Conv2d { kernel, bias, groups, .. } => {
                let mut tensors =
                    vec![(format!("{key}.weight"), vec![outputs, inputs / groups, kernel, kernel], true)];
                if bias {
                    tensors.push((format!("{key}.bias"), vec![outputs], true));
                }
                tensors
            }
            LayerKind::BatchNorm => vec![
                (format!("{key}.weight"), vec![outputs], true),
                (format!("{key}.bias"), vec![outputs], true),
                (format!("{key}.running_mean"), vec![outputs], false),
                (format!("{key}.running_var"), vec![outputs], false),
            ],
            LayerKind::Linear => vec![
                (format!("{key}.weight"), vec![outputs, self.input.iter().product()], true),
                (format!("{key}.bias"), vec![outputs], true),
            ],
            _ => vec![],
        }
    }

    /// Multiply-adds per image.
    pub fn multiply_adds(&self) -> u64 {
        let outputs: usize = self.output.iter().product();
        match self.kind {
            LayerKind::Conv2d { kernel, groups, .. } => {
                (outputs * (self.input[0] / groups) * kernel * kernel) as u64
            }
            LayerKind::Linear => (outputs * self.input.iter().product::<usize>()) as u64,
            _ => 0,
        }
    }
}

/// A network with its configuration applied: every layer, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Architecture {
    /// The configuration it was built from.
    pub config: NetworkConfig,
    /// Side of the square input, in pixels.
    pub input_size: usize,
    /// Number of groups that each layer's outputs are split into: 2 for the networks of 2012 (the paper's two
    /// towers, one per GPU), else 1.
    pub groups: usize,
    /// The layers.
    pub layers: Vec<LayerSpec>,
}

impl Architecture {
    /// Builds the layers of a configuration.
    ///
    /// Channels and hidden units are multiplied by `width` and rounded, to at least 1 per group.
    ///
    /// # Errors
    /// A sentence if width, dropout rate or number of classes is out of range.
    pub fn new(config: NetworkConfig) -> Result<Self, NetworkError> {
        Self::varied(config, &Variation::default())
    }

    /// The layers of a configuration with an experiment's changes.
    ///
    /// # Errors
    /// As [`Architecture::new`].
    pub fn varied(config: NetworkConfig, variation: &Variation) -> Result<Self, NetworkError> {
        if !(config.width.is_finite() && config.width > 0.0 && config.width <= 8.0) {
            return Err(NetworkError::Width { width: config.width });
        }
        if !(0.0..1.0).contains(&config.dropout) {
            return Err(NetworkError::Dropout { dropout: config.dropout });
        }
        if !(1..=MAX_CLASSES).contains(&config.classes) {
            return Err(NetworkError::Classes { classes: config.classes, most: MAX_CLASSES });
        }
        let definition = definition(config.network);
        let groups = definition.groups;
        let scaled =
            |n: u32| ((f64::from(n) * config.width / groups as f64).round() as usize).max(1) * groups;
        let response_norm = match config.response_norm {
            ResponseNorm::Paper => Some((LocalResponseNorm::PAPER, groups)),
            ResponseNorm::Bvlc | ResponseNorm::CaffeNet => Some((LocalResponseNorm::CAFFE, 1)),
            ResponseNorm::Off => None,
        };
        let mut build =
            Builder { layers: Vec::new(), shape: [3, definition.input, definition.input], index: 0 };
        for (i, c) in definition.convs.iter().enumerate() {
            let n = i + 1;
            let normalized = config.normalization == Normalization::Batch;
            let kind = LayerKind::Conv2d {
                kernel: c.kernel,
                stride: c.stride,
                padding: c.padding,
                bias: !normalized,
                groups: if c.grouped { groups } else { 1 },
            };
            let kept = variation.keeps(&format!("conv{n}"));
            if kept {
                build.feature(format!("conv{n}"), kind, Some(scaled(c.out)));
                if normalized {
                    build.feature(format!("norm{n}"), LayerKind::BatchNorm, None);
                }
                build.feature(format!("{}{n}", config.activation), LayerKind::Activation, None);
            }
            let response_norm = response_norm.filter(|_| kept && c.response_norm);
            let response_norm_layer = response_norm.map(|(constants, groups)| {
                (format!("lrn{n}"), LayerKind::ResponseNorm { constants, groups })
            });
            let window = LayerKind::MaxPool2d { kernel: variation.pool_window.unwrap_or(3), stride: 2 };
            let pool = c.pool.then(|| (format!("pool{n}"), window));
            let in_order = match config.response_norm {
                ResponseNorm::CaffeNet => [pool, response_norm_layer],
                _ => [response_norm_layer, pool],
            };
            for (name, kind) in in_order.into_iter().flatten() {
                build.feature(name, kind, None);
            }
        }
        if let Some(side) = definition.adaptive {
            let output = [build.shape[0], side, side];
            build.push("avgpool".into(), "avgpool".into(), LayerKind::AdaptiveAvgPool, output);
        }
        let hidden = variation.hidden_units.unwrap_or_else(|| scaled(definition.hidden));
        build.index = 0;
        for (i, outputs) in [hidden, hidden, config.classes as usize].into_iter().enumerate() {
            let n = i + 6;
            if !variation.keeps(&format!("fc{n}")) {
                continue;
            }
            if i < 2 {
                build.classifier(format!("drop{n}"), LayerKind::Dropout(i), None);
            }
            build.classifier(format!("fc{n}"), LayerKind::Linear, Some(outputs));
            if i < 2 {
                build.classifier(format!("{}{n}", config.activation), LayerKind::Activation, None);
            }
        }
        Ok(Self { config, input_size: definition.input, groups, layers: build.layers })
    }

    /// Number of trainable values.
    pub fn parameters(&self) -> u64 {
        let trainable = self.layers.iter().flat_map(LayerSpec::tensors).filter(|(.., trainable)| *trainable);
        trainable.map(|(_, shape, _)| shape.iter().product::<usize>() as u64).sum()
    }

    /// Sizes of the two dropout masks: the inputs of fc6 and of fc7.
    pub fn mask_units(&self) -> [usize; 2] {
        let mut units = [0; 2];
        for layer in &self.layers {
            if let LayerKind::Dropout(i) = layer.kind {
                units[i] = layer.input.iter().product();
            }
        }
        units
    }

    /// Side of a network's square input, in pixels.
    pub fn input_size_of(network: Network) -> u32 {
        definition(network).input as u32
    }

    /// A network's default number of classes.
    pub fn default_classes(network: Network) -> u32 {
        definition(network).classes
    }

    /// A network's default preprocessing, for data sets and files that specify none.
    pub fn default_preprocess(network: Network) -> Preprocess {
        let definition = definition(network);
        Preprocess {
            resize: definition.resize,
            crop: definition.input as u32,
            mean: definition.mean,
            std: definition.std,
        }
    }
}

struct Builder {
    layers: Vec<LayerSpec>,
    shape: [usize; 3],
    index: usize,
}

impl Builder {
    fn push(&mut self, name: String, key: String, kind: LayerKind, output: [usize; 3]) {
        self.layers.push(LayerSpec { name, key, kind, input: self.shape, output });
        self.shape = output;
    }

    fn feature(&mut self, name: String, kind: LayerKind, channels: Option<usize>) {
        let [c, h, w] = self.shape;
        let slide = |side: usize, kernel: usize, stride: usize, padding: usize| {
            (side + 2 * padding).saturating_sub(kernel) / stride + 1
        };
        let output = match kind {
            LayerKind::Conv2d { kernel, stride, padding, .. } => {
                [channels.unwrap_or(c), slide(h, kernel, stride, padding), slide(w, kernel, stride, padding)]
            }
            LayerKind::MaxPool2d { kernel, stride } => {
                [c, slide(h, kernel, stride, 0), slide(w, kernel, stride, 0)]
            }
            _ => self.shape,
        };
        let key = format!("features.{}", self.index);
        self.index += 1;
        self.push(name, key, kind, output);
    }

    fn classifier(&mut self, name: String, kind: LayerKind, outputs: Option<usize>) {
        let key = format!("classifier.{}", self.index);
        self.index += 1;
        let output = outputs.map_or(self.shape, |n| [n, 1, 1]);
        self.push(name, key, kind, output);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Activation;

    fn config(network: Network, classes: u32) -> NetworkConfig {
        NetworkConfig {
            network,
            classes,
            width: 1.0,
            activation: Activation::Relu,
            normalization: Normalization::None,
            response_norm: ResponseNorm::Paper,
            dropout: 0.5,
        }
    }

    #[test]
    fn parameter_counts() {
        let count = |network, classes| Architecture::new(config(network, classes)).unwrap().parameters();
        assert_eq!(count(Network::AlexNet224, 1000), 61_100_840);
        assert_eq!(count(Network::AlexNet32, 10), 383_146);
        assert_eq!(count(Network::AlexNet2012, 1000), 60_965_224);
    }

    #[test]
    fn shapes_match_the_papers_figure() {
        let net = Architecture::new(config(Network::AlexNet2012, 1000)).unwrap();
        let sides = |name: &str| net.layers.iter().find(|layer| layer.name == name).map(|l| l.output);
        for (name, output) in [
            ("conv1", [96, 55, 55]),
            ("conv2", [256, 27, 27]),
            ("conv3", [384, 13, 13]),
            ("conv4", [384, 13, 13]),
            ("conv5", [256, 13, 13]),
            ("pool5", [256, 6, 6]),
            ("fc6", [4096, 1, 1]),
        ] {
            assert_eq!(sides(name), Some(output), "{name}");
        }
        assert_eq!(net.mask_units(), [9216, 4096]);
    }

    #[test]
    fn response_norm_position_depends_on_the_variant() {
        let names = |response_norm| {
            let config = NetworkConfig { response_norm, ..config(Network::AlexNet2012, 1000) };
            let layers = Architecture::new(config).unwrap().layers;
            layers[..6].iter().map(|layer| layer.name.clone()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names(ResponseNorm::Paper), "conv1 relu1 lrn1 pool1 conv2 relu2");
        assert_eq!(names(ResponseNorm::Bvlc), "conv1 relu1 lrn1 pool1 conv2 relu2");
        assert_eq!(names(ResponseNorm::CaffeNet), "conv1 relu1 pool1 lrn1 conv2 relu2");
        assert_eq!(names(ResponseNorm::Off), "conv1 relu1 pool1 conv2 relu2 pool2");
        let plain = NetworkConfig { response_norm: ResponseNorm::Bvlc, ..config(Network::AlexNet224, 10) };
        assert!(!Architecture::new(plain).unwrap().layers.iter().any(|layer| layer.name.starts_with("lrn")));
    }

    #[test]
    fn channels_divide_into_groups_at_any_width() {
        for width in [0.125, 0.3, 0.77, 1.0, 1.9] {
            let config = NetworkConfig { width, ..config(Network::AlexNet2012At32, 7) };
            let net = Architecture::new(config).unwrap();
            for layer in net.layers.iter().filter(|layer| layer.name != "fc8") {
                assert!(layer.output[0].is_multiple_of(2), "{layer:?}");
            }
        }
    }

    #[test]
    fn torchvision_keys_and_shapes() {
        let net = Architecture::new(config(Network::AlexNet224, 1000)).unwrap();
        let tensors: Vec<_> =
            net.layers.iter().flat_map(LayerSpec::tensors).map(|(n, s, _)| (n, s)).collect();
        let find = |name: &str| tensors.iter().find(|(n, _)| n == name).map(|(_, s)| s.clone());
        assert_eq!(find("features.0.weight"), Some(vec![64, 3, 11, 11]));
        assert_eq!(find("features.3.weight"), Some(vec![192, 64, 5, 5]));
        assert_eq!(find("features.10.weight"), Some(vec![256, 256, 3, 3]));
        assert_eq!(find("classifier.1.weight"), Some(vec![4096, 9216]));
        assert_eq!(find("classifier.6.bias"), Some(vec![1000]));
        assert_eq!(tensors.len(), 16);
        assert_eq!(net.mask_units(), [9216, 4096]);
    }

    #[test]
    fn multiply_adds_of_torchvisions_network() {
        let net = Architecture::new(config(Network::AlexNet224, 1000)).unwrap();
        assert_eq!(net.layers.iter().map(LayerSpec::multiply_adds).sum::<u64>(), 714_188_480);
    }

    #[test]
    fn a_variation_leaves_layers_out_and_changes_windows_and_units() {
        let of = |variation: &Variation| {
            let net = Architecture::varied(config(Network::AlexNet32, 10), variation).unwrap();
            let names: Vec<_> = net.layers.iter().map(|layer| layer.name.clone()).collect();
            (names.join(" "), net)
        };
        let four = Variation { without: vec!["conv3", "conv4", "fc6", "fc7"], ..Variation::default() };
        let (names, net) = of(&four);
        assert_eq!(names, "conv1 relu1 pool1 conv2 relu2 pool2 conv5 relu5 pool5 fc8");
        assert_eq!(net.mask_units(), [0, 0]);
        let (_, net) = of(&Variation { hidden_units: Some(8), pool_window: Some(2), ..Variation::default() });
        assert_eq!(net.mask_units(), [64 * 4 * 4, 8]);
    }

    #[test]
    fn out_of_range_values_are_rejected() {
        let wide = NetworkConfig { width: f64::INFINITY, ..config(Network::AlexNet32, 10) };
        assert!(Architecture::new(wide).unwrap_err().to_string().starts_with("Width cannot be inf"));
        assert!(Architecture::new(config(Network::AlexNet32, 0)).is_err());
    }
}
