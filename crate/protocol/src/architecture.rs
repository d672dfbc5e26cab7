//! The one table of architectures: every layer of every network, its shapes and its parameters, computed.

mod rows;

use crate::messages::NetworkError;
use crate::{Network, NetworkConfig, Normalization, Preprocess, ResponseNorm};
use rows::row;

/// Local response normalisation: `out_i = x_i / (k + α Σ x_j²)^β`, the sum over the `size` maps around map `i`
/// at the same pixel, as far as there are any (section 3.3 of the paper).
///
/// α multiplies the sum itself, as the paper prints it. PyTorch, Caffe, ONNX and Krizhevsky's own cuda-convnet
/// take an α that they divide by `size` first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocalResponseNorm {
    /// Maps in a sum, an odd number: the map and as many on either side.
    pub size: usize,
    /// Factor on the sum of squares.
    pub alpha: f32,
    /// The exponent.
    pub beta: f32,
    /// Added to the sum, so that weak responses are hardly changed.
    pub k: f32,
}

impl LocalResponseNorm {
    /// Section 3.3 of the paper.
    const PAPER: Self = Self { size: 5, alpha: 1e-4, beta: 0.75, k: 2.0 };
    /// `local_size: 5 alpha: 0.0001 beta: 0.75` of Caffe's models, whose `k` defaults to 1.
    const CAFFE: Self = Self { size: 5, alpha: 1e-4 / 5.0, beta: 0.75, k: 1.0 };
}

/// Classes of a network at most, more than any data set of images has.
pub const MAX_CLASSES: u32 = 100_000;

/// What a layer does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LayerKind {
    /// Square convolution; `bias` is absent where a normalisation follows.
    Conv2d {
        /// Side of the kernel in pixels.
        kernel: usize,
        /// Step of the kernel in pixels.
        stride: usize,
        /// Zeros added on each side.
        padding: usize,
        /// Whether each output channel has an offset.
        bias: bool,
        /// Parts that channels are cut into, each read by its own part of the kernels: 2 where the towers are
        /// apart.
        groups: usize,
    },
    /// Batch normalisation over each channel.
    BatchNorm,
    /// Local response normalisation.
    ResponseNorm {
        /// Its constants.
        by: LocalResponseNorm,
        /// Parts that the maps are cut into, each normalised by itself.
        groups: usize,
    },
    /// The configured non-linearity.
    Activation,
    /// Maximum over windows.
    MaxPool2d {
        /// Side of the window in pixels.
        kernel: usize,
        /// Step of the window in pixels: smaller than the window, so windows overlap (section 3.4 of the paper).
        stride: usize,
    },
    /// Mean over as many windows as the output has pixels.
    AdaptiveAvgPool,
    /// Dropout on the flattened input of the fully connected layer with this index (0: fc6, 1: fc7).
    Dropout(usize),
    /// Fully connected layer.
    Linear,
}

/// One layer with its shapes.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerSpec {
    /// The field's name: `conv1`, `relu1`, `pool1`, `fc6`, …
    pub name: String,
    /// torchvision's key: `features.0`, `classifier.1`, …
    pub key: String,
    /// What it does.
    pub kind: LayerKind,
    /// Channels, height and width that come in (height and width 1 behind the convolutions).
    pub input: [usize; 3],
    /// Channels, height and width that go out.
    pub output: [usize; 3],
}

impl LayerSpec {
    /// Names and shapes of the layer's tensors: trainable ones, then running statistics.
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

    /// Multiply-adds for one image.
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

/// A network of the table with its configuration applied: every layer, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Architecture {
    /// What it was built from.
    pub config: NetworkConfig,
    /// Side of the square input in pixels.
    pub input_size: usize,
    /// Towers that hold half of every layer's outputs each, where there are 2; else 1.
    pub towers: usize,
    /// The layers.
    pub layers: Vec<LayerSpec>,
}

impl Architecture {
    /// Applies a configuration to its row of the table.
    ///
    /// Channels and hidden units are scaled by `width` and rounded to whole numbers, at least 1, for each tower.
    ///
    /// # Errors
    /// A sentence for a width, dropout probability or number of classes out of range.
    pub fn new(config: NetworkConfig) -> Result<Self, NetworkError> {
        if !(config.width.is_finite() && config.width > 0.0 && config.width <= 8.0) {
            return Err(NetworkError::Width { width: config.width });
        }
        if !(0.0..1.0).contains(&config.dropout) {
            return Err(NetworkError::Dropout { dropout: config.dropout });
        }
        if !(1..=MAX_CLASSES).contains(&config.classes) {
            return Err(NetworkError::Classes { classes: config.classes, most: MAX_CLASSES });
        }
        let row = row(config.network);
        let towers = row.towers;
        let scaled =
            |n: u32| ((f64::from(n) * config.width / towers as f64).round() as usize).max(1) * towers;
        let respond = match config.response_norm {
            ResponseNorm::Paper => Some((LocalResponseNorm::PAPER, towers)),
            ResponseNorm::Bvlc | ResponseNorm::CaffeNet => Some((LocalResponseNorm::CAFFE, 1)),
            ResponseNorm::Off => None,
        };
        let mut build = Builder { layers: Vec::new(), shape: [3, row.input, row.input], index: 0 };
        for (i, c) in row.convs.iter().enumerate() {
            let n = i + 1;
            let normalized = config.normalization == Normalization::Batch;
            let kind = LayerKind::Conv2d {
                kernel: c.kernel,
                stride: c.stride,
                padding: c.padding,
                bias: !normalized,
                groups: if c.apart { towers } else { 1 },
            };
            build.feature(format!("conv{n}"), kind, Some(scaled(c.out)));
            if normalized {
                build.feature(format!("norm{n}"), LayerKind::BatchNorm, None);
            }
            build.feature(format!("{}{n}", config.activation), LayerKind::Activation, None);
            let lrn = respond
                .filter(|_| c.respond)
                .map(|(by, groups)| (format!("lrn{n}"), LayerKind::ResponseNorm { by, groups }));
            let pool = c.pool.then(|| (format!("pool{n}"), LayerKind::MaxPool2d { kernel: 3, stride: 2 }));
            let both = match config.response_norm {
                ResponseNorm::CaffeNet => [pool, lrn],
                _ => [lrn, pool],
            };
            for (name, kind) in both.into_iter().flatten() {
                build.feature(name, kind, None);
            }
        }
        if let Some(side) = row.adaptive {
            let output = [build.shape[0], side, side];
            build.push("avgpool".into(), "avgpool".into(), LayerKind::AdaptiveAvgPool, output);
        }
        let hidden = scaled(row.hidden);
        build.index = 0;
        for (i, outputs) in [hidden, hidden, config.classes as usize].into_iter().enumerate() {
            let n = i + 6;
            if i < 2 {
                build.classifier(format!("drop{n}"), LayerKind::Dropout(i), None);
            }
            build.classifier(format!("fc{n}"), LayerKind::Linear, Some(outputs));
            if i < 2 {
                build.classifier(format!("{}{n}", config.activation), LayerKind::Activation, None);
            }
        }
        Ok(Self { config, input_size: row.input, towers, layers: build.layers })
    }

    /// Number of trainable values.
    pub fn parameters(&self) -> u64 {
        let trainable = self.layers.iter().flat_map(LayerSpec::tensors).filter(|(.., trainable)| *trainable);
        trainable.map(|(_, shape, _)| shape.iter().product::<usize>() as u64).sum()
    }

    /// Units that each dropout mask covers: the inputs of fc6 and of fc7.
    pub fn mask_units(&self) -> [usize; 2] {
        let mut units = [0; 2];
        for layer in &self.layers {
            if let LayerKind::Dropout(i) = layer.kind {
                units[i] = layer.input.iter().product();
            }
        }
        units
    }

    /// Side of a network's square input in pixels.
    pub fn input_size_of(network: Network) -> u32 {
        row(network).input as u32
    }

    /// Classes of a network where nothing else is said.
    pub fn default_classes(network: Network) -> u32 {
        row(network).classes
    }

    /// The preprocessing of a network where a data set or a file says nothing else.
    pub fn default_preprocess(network: Network) -> Preprocess {
        let row = row(network);
        Preprocess { resize: row.resize, crop: row.input as u32, mean: row.mean, std: row.std }
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
    fn sides_of_the_papers_figure() {
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
    fn where_responses_are_normalised() {
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
    fn towers_stay_whole_at_any_width() {
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
    fn out_of_range_is_a_sentence() {
        let wide = NetworkConfig { width: f64::INFINITY, ..config(Network::AlexNet32, 10) };
        assert!(Architecture::new(wide).unwrap_err().to_string().starts_with("Width cannot be inf"));
        assert!(Architecture::new(config(Network::AlexNet32, 0)).is_err());
    }
}
