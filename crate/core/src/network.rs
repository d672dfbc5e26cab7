//! The forward pass of every architecture.

use burn::tensor::{Tensor, activation, module};

use crate::architecture::{Architecture, LayerKind, LayerSpec};
use crate::ops::{self, ConvShape, PoolShape};
use crate::params::Weight;
use crate::protocol::Activation;

/// Default `eps` of PyTorch's `BatchNorm2d`.
const BATCH_NORM_EPSILON: f64 = 1e-5;
/// Default `momentum` of PyTorch's `BatchNorm2d`: the weight of the new batch.
const BATCH_NORM_MOMENTUM: f32 = 0.1;

/// Training or evaluation.
pub enum Mode<'a> {
    /// Running statistics, no dropout.
    Evaluate,
    /// Batch statistics and dropout.
    Train {
        /// Dropout factors for the inputs of fc6 and fc7, `[batch, units]` each. `None` if dropout is off.
        dropout_factors: &'a [Option<Tensor<2>>; 2],
        /// Whether the convolutions are trained. Frozen ones use and keep their running statistics.
        train_convolutions: bool,
    },
}

/// New running statistics, with the index of their tensor in the parameters.
pub type BatchNormStatistics = Vec<(usize, Tensor<1>)>;

/// The output of a layer.
#[derive(Debug, Clone)]
pub enum Feature {
    /// `[batch, channels, height, width]`.
    Map(Tensor<4>),
    /// `[batch, units]`.
    Vector(Tensor<2>),
}

impl Feature {
    /// Flattens maps per sample.
    pub(crate) fn into_vector(self) -> Tensor<2> {
        match self {
            Self::Map(map) => map.flatten(1, 3),
            Self::Vector(vector) => vector,
        }
    }
}

/// Runs a batch through the network.
///
/// `params` are the tensors of [`crate::params::Params`], in its order, tracked by autodiff or not. `images`
/// are `[batch, 3, size, size]`. `observe` is called with the output of every layer.
///
/// Returns the logits `[batch, classes]` and, in training, the new running statistics.
pub fn forward(
    architecture: &Architecture,
    params: &[Weight],
    images: Tensor<4>,
    mode: &Mode<'_>,
    mut observe: impl FnMut(&LayerSpec, Feature),
) -> (Tensor<2>, BatchNormStatistics) {
    let (features, statistics) = forward_convolutions(architecture, params, images, mode, &mut observe);
    (forward_classifier(architecture, params, features, mode, observe), statistics)
}

/// The first half of [`forward`]: from images to the inputs of fc6, `[batch, units]`. Unless the convolutions
/// are trained, the result for one image does not depend on the rest of the batch.
pub fn forward_convolutions(
    architecture: &Architecture,
    params: &[Weight],
    images: Tensor<4>,
    mode: &Mode<'_>,
    mut observe: impl FnMut(&LayerSpec, Feature),
) -> (Tensor<2>, BatchNormStatistics) {
    let mut pass = ForwardPass::new(architecture, mode, params, 0);
    let mut statistics = BatchNormStatistics::new();
    let mut x = Feature::Map(images);
    for layer in split_at_classifier(architecture).0 {
        x = pass.run_layer(layer, x, &mut statistics);
        observe(layer, x.clone());
    }
    (x.into_vector(), statistics)
}

/// The second half of [`forward`]: from the inputs of fc6, `[batch, units]`, to the logits.
pub fn forward_classifier(
    architecture: &Architecture,
    params: &[Weight],
    features: Tensor<2>,
    mode: &Mode<'_>,
    mut observe: impl FnMut(&LayerSpec, Feature),
) -> Tensor<2> {
    let (before, layers) = split_at_classifier(architecture);
    let next_param = before.iter().map(|layer| layer.tensors().len()).sum();
    let mut pass = ForwardPass::new(architecture, mode, params, next_param);
    let mut x = Feature::Vector(features);
    for layer in layers {
        x = pass.run_layer(layer, x, &mut BatchNormStatistics::new());
        observe(layer, x.clone());
    }
    x.into_vector()
}

/// The layers before and from the classifier on: convolutions and what belongs to them, fully connected
/// layers.
fn split_at_classifier(architecture: &Architecture) -> (&[LayerSpec], &[LayerSpec]) {
    let features = architecture.layers.iter().take_while(|layer| !is_classifier(layer)).count();
    architecture.layers.split_at(features)
}

/// The state of a forward pass that runs layer by layer.
pub(crate) struct ForwardPass<'a> {
    pub(crate) activation: Activation,
    /// Number of groups that each layer's outputs are split into.
    pub(crate) groups: usize,
    pub(crate) mode: &'a Mode<'a>,
    /// The tensors of all layers.
    pub(crate) params: &'a [Weight],
    /// Index of the next layer's first tensor.
    pub(crate) next_param: usize,
}

impl<'a> ForwardPass<'a> {
    /// Starts at the layer whose first tensor has the index `next_param`.
    pub(crate) fn new(
        architecture: &Architecture,
        mode: &'a Mode<'a>,
        params: &'a [Weight],
        next_param: usize,
    ) -> Self {
        let (activation, groups) = (architecture.config.activation, architecture.groups);
        Self { activation, groups, mode, params, next_param }
    }

    /// Runs the next layer. The first layer of the classifier flattens maps.
    pub(crate) fn run_layer(
        &mut self,
        layer: &LayerSpec,
        x: Feature,
        statistics: &mut BatchNormStatistics,
    ) -> Feature {
        let first = self.next_param;
        let weights = take_params(self.params, &mut self.next_param, layer);
        let (kind, mode, groups) = (self.activation, self.mode, self.groups);
        if is_classifier(layer) {
            let vector = x.into_vector();
            return Feature::Vector(match layer.kind {
                LayerKind::Dropout(index) => match mode {
                    Mode::Train { dropout_factors, .. } => match dropout_factors.get(index) {
                        Some(Some(dropout_factors)) => vector * dropout_factors.clone(),
                        _ => vector,
                    },
                    Mode::Evaluate => vector,
                },
                LayerKind::Linear => linear(layer, vector, weights, groups),
                LayerKind::Activation => activation(kind, vector),
                // Layers of feature maps alone.
                LayerKind::Conv2d { .. }
                | LayerKind::BatchNorm
                | LayerKind::ResponseNorm { .. }
                | LayerKind::MaxPool2d { .. }
                | LayerKind::AdaptiveAvgPool => vector,
            });
        }
        match x {
            Feature::Map(map) => Feature::Map(match layer.kind {
                LayerKind::BatchNorm => batch_norm(map, weights, first, mode, statistics),
                LayerKind::Activation => activation(kind, map),
                _ => spatial_layer(layer, map, weights, groups),
            }),
            vector @ Feature::Vector(_) => vector,
        }
    }
}

fn is_classifier(layer: &LayerSpec) -> bool {
    layer.key.starts_with("classifier")
}

/// The tensors of a layer. Advances `next_param` past them.
fn take_params<'p>(params: &'p [Weight], next_param: &mut usize, layer: &LayerSpec) -> &'p [Weight] {
    let start = *next_param;
    *next_param += layer.tensors().len();
    params.get(start..*next_param).unwrap_or_default()
}

fn activation<const D: usize>(kind: Activation, x: Tensor<D>) -> Tensor<D> {
    match kind {
        Activation::Relu => ops::relu(x),
        Activation::Tanh => activation::tanh(x),
        Activation::Sigmoid => activation::sigmoid(x),
        Activation::LeakyRelu => activation::leaky_relu(x, 0.01),
        Activation::Gelu => activation::gelu(x),
    }
}

fn spatial_layer(layer: &LayerSpec, x: Tensor<4>, weights: &[Weight], output_groups: usize) -> Tensor<4> {
    match (layer.kind, weights) {
        (LayerKind::Conv2d { kernel, stride, padding, groups, .. }, [weight, bias @ ..]) => {
            let device = x.device();
            let float = |weight: &Weight| weight.float(&device);
            let weight = float(weight).reshape([layer.output[0], layer.input[0] / groups, kernel, kernel]);
            let shape = ConvShape { stride, padding, groups: output_groups, split_input: groups > 1 };
            ops::conv2d(x, weight, bias.first().map(float), shape)
        }
        (LayerKind::ResponseNorm { constants, groups }, _) => ops::local_response_norm(x, constants, groups),
        (LayerKind::MaxPool2d { kernel, stride }, _) => ops::max_pool2d(x, PoolShape { kernel, stride }),
        (LayerKind::AdaptiveAvgPool, _) if layer.input != layer.output => {
            module::adaptive_avg_pool2d(x, [layer.output[1], layer.output[2]])
        }
        // No work left (a pooling to the same size), or not a layer of this function. Listed, so that a new kind of
        // layer does not compile until the forward pass computes it.
        (
            LayerKind::Conv2d { .. }
            | LayerKind::AdaptiveAvgPool
            | LayerKind::BatchNorm
            | LayerKind::Activation
            | LayerKind::Dropout(_)
            | LayerKind::Linear,
            _,
        ) => x,
    }
}

/// PyTorch's `BatchNorm2d`: the biased variance normalises, the unbiased one updates the running variance.
fn batch_norm(
    x: Tensor<4>,
    weights: &[Weight],
    first: usize,
    mode: &Mode<'_>,
    statistics: &mut BatchNormStatistics,
) -> Tensor<4> {
    let [gamma, beta, mean, variance] = weights else { return x };
    let device = x.device();
    let [gamma, beta, mean, variance] = [gamma, beta, mean, variance].map(|weight| weight.float(&device));
    if !matches!(mode, Mode::Train { train_convolutions: true, .. }) {
        return module::batch_norm(x, gamma, beta, mean, variance, BATCH_NORM_EPSILON);
    }
    let [batch, _, height, width] = x.dims();
    let values = (batch * height * width) as f32;
    let (out, [new_mean, new_variance]) = ops::batch_norm(x, gamma, beta, BATCH_NORM_EPSILON);
    let moving_average = |old: Tensor<1>, new: Tensor<1>, unbias: f32| {
        old.inner().mul_scalar(1.0 - BATCH_NORM_MOMENTUM)
            + new.inner().mul_scalar(BATCH_NORM_MOMENTUM * unbias)
    };
    statistics.push((first + 2, moving_average(mean, new_mean, 1.0)));
    statistics.push((first + 3, moving_average(variance, new_variance, values / (values - 1.0).max(1.0))));
    out
}

/// `x · Wᵀ + b` with PyTorch's `[out, in]` weight.
fn linear(layer: &LayerSpec, x: Tensor<2>, weights: &[Weight], groups: usize) -> Tensor<2> {
    let [weight, bias] = weights else { return x };
    let bias = bias.float(&x.device());
    match weight {
        Weight::Int8(rows) => ops::linear_int8(x, rows, bias),
        Weight::Float(weight) => {
            let weight = weight.clone().reshape([layer.output[0], layer.input.iter().product()]);
            ops::linear(x, weight, bias, groups)
        }
    }
}
