//! The layers that take the time, on each backend by what is quickest there: on the CPU by our own
//! kernels (`alexnet-kernels`; burn's write every patch out and turn every map round), on a GPU by burn's.

mod autodiff;
#[cfg(any(feature = "webgpu", feature = "cuda"))]
mod cube;
mod flex;

use alexnet_kernels::linear::Int8Rows;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

use crate::architecture::LocalResponseNorm;

/// Kernel, stride and padding of a convolution, the same down and right, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvShape {
    /// Step of the kernel.
    pub stride: usize,
    /// Zeros added on each side.
    pub padding: usize,
    /// Towers that the outgoing channels are cut into; 1 for a layer in one piece.
    pub towers: usize,
    /// Whether each tower reads only its own part of the incoming channels.
    pub apart: bool,
}

/// Side and step of a square pooling window, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolShape {
    /// Side of the window.
    pub kernel: usize,
    /// Step of the window.
    pub stride: usize,
}

/// The operations, and the gradients that their backward passes are made of.
///
/// Maps are `[batch, channels, height, width]`, weights `[out, in, kernel, kernel]`, biases `[out]`. On the CPU a
/// layer in towers is computed tower by tower, to the bits of two towers in two indices.
#[backend_extension(Flex, Cube: cfg(any(feature = "webgpu", feature = "cuda")), Autodiff)]
pub trait LayerOps: Backend {
    /// Convolution with bias.
    fn conv2d_forward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shape: ConvShape,
    ) -> FloatTensor<Self>;

    /// Fully connected layer: `x` is `[batch, in]`, `weight` `[out, in]`.
    fn linear_forward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        towers: usize,
    ) -> FloatTensor<Self>;

    /// Batch normalisation over each channel: the maps, and mean and biased variance of what came in.
    fn batch_norm_forward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// Local response normalisation over the channels of each image.
    fn local_response_norm_forward(x: FloatTensor<Self>, by: LocalResponseNorm) -> FloatTensor<Self>;

    /// The rectifier of every value.
    fn relu_forward(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The largest value of each window.
    fn max_pool2d_forward(x: FloatTensor<Self>, shape: PoolShape) -> FloatTensor<Self>;
}

/// What a backend has to offer for [`LayerOps`] to be differentiable on it.
pub trait LayerOpsBackward: LayerOps {
    /// The gradient of a convolution by its input.
    fn conv2d_input_grad(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        shape: ConvShape,
    ) -> FloatTensor<Self>;

    /// The gradient of a convolution by its weight.
    fn conv2d_weight_grad(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        shape: ConvShape,
    ) -> FloatTensor<Self>;

    /// The gradient of a convolution by its bias.
    fn conv2d_bias_grad(
        x: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// The gradient of a fully connected layer by its input.
    fn linear_input_grad(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        towers: usize,
    ) -> FloatTensor<Self>;

    /// The gradient of a fully connected layer by its weight.
    fn linear_weight_grad(
        x: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        towers: usize,
    ) -> FloatTensor<Self>;

    /// The gradient of a fully connected layer by its bias.
    fn linear_bias_grad(gradient: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The gradients of a batch normalisation by its input, γ and β, given mean and variance.
    fn batch_norm_grads(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        statistics: [FloatTensor<Self>; 2],
        epsilon: f64,
        gradient: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 3];

    /// The gradient of a local response normalisation by its input.
    fn local_response_norm_grad(
        x: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        by: LocalResponseNorm,
    ) -> FloatTensor<Self>;

    /// The gradient of a rectifier by its input, given what came out.
    fn relu_grad(out: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self>;

    /// Pooling, with where in its map each value stood.
    fn max_pool2d_indices(x: FloatTensor<Self>, shape: PoolShape) -> (FloatTensor<Self>, IntTensor<Self>);

    /// The gradient of a pooling by its input.
    fn max_pool2d_grad(
        x: FloatTensor<Self>,
        indices: IntTensor<Self>,
        gradient: FloatTensor<Self>,
        shape: PoolShape,
    ) -> FloatTensor<Self>;
}

/// Convolves maps; without a bias, zeros are added.
pub fn conv2d(x: Tensor<4>, weight: Tensor<4>, bias: Option<Tensor<1>>, shape: ConvShape) -> Tensor<4> {
    let bias = bias.unwrap_or_else(|| Tensor::zeros([weight.dims()[0]], &x.device()));
    Tensor::from_dispatch(Dispatch::conv2d_forward(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        shape,
    ))
}

/// A fully connected layer whose outputs are cut into towers.
pub fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>, towers: usize) -> Tensor<2> {
    let [x, weight, bias] = [x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()];
    Tensor::from_dispatch(Dispatch::linear_forward(x, weight, bias, towers))
}

/// A fully connected layer of weights in bytes, on the CPU and without gradients.
pub fn linear_int8(x: Tensor<2>, weight: &Int8Rows, bias: Tensor<1>) -> Tensor<2> {
    flex::linear_int8(x, weight, bias)
}

/// Local response normalisation; with `groups` over each part of the channels by itself.
pub fn local_response_norm(x: Tensor<4>, by: LocalResponseNorm, groups: usize) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let parts = x.reshape([batch * groups, channels / groups, height, width]);
    let out: Tensor<4> =
        Tensor::from_dispatch(Dispatch::local_response_norm_forward(parts.into_dispatch(), by));
    out.reshape([batch, channels, height, width])
}

/// Batch normalisation in training: the maps, and mean and biased variance of each channel of what came in.
pub fn batch_norm(
    x: Tensor<4>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f64,
) -> (Tensor<4>, [Tensor<1>; 2]) {
    let [x, gamma, beta] = [x.into_dispatch(), gamma.into_dispatch(), beta.into_dispatch()];
    let (out, mean, variance) = Dispatch::batch_norm_forward(x, gamma, beta, epsilon);
    (Tensor::from_dispatch(out), [mean, variance].map(Tensor::from_dispatch))
}

/// Sets what is below zero to zero.
pub fn relu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::relu_forward(x.into_dispatch()))
}

/// Takes the largest value of each window.
pub fn max_pool2d(x: Tensor<4>, shape: PoolShape) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::max_pool2d_forward(x.into_dispatch(), shape))
}
