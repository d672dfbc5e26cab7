//! The expensive layers, with the fastest implementation of each backend: on the CPU our own kernels
//! (`alexnet-kernels`; burn's materialise every im2col patch and transpose every map), on a GPU burn's.

mod autodiff;
#[cfg(any(feature = "webgpu", feature = "cuda"))]
mod cube;
mod flex;

use alexnet_kernels::linear::Int8Weights;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

use crate::architecture::LocalResponseNorm;

/// Stride, padding and groups of a convolution. Stride and padding are the same in both directions, in
/// pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvShape {
    /// Stride of the kernel.
    pub stride: usize,
    /// Zeros added on each side.
    pub padding: usize,
    /// Number of groups that the output channels are split into. 1 for an ordinary layer.
    pub groups: usize,
    /// Whether each group reads only its slice of the input channels (PyTorch's `groups`).
    pub split_input: bool,
}

/// Size and stride of a square pooling window, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolShape {
    /// Side of the window.
    pub kernel: usize,
    /// Stride of the window.
    pub stride: usize,
}

/// The differentiable operations.
///
/// Maps are `[batch, channels, height, width]`, weights `[out, in, kernel, kernel]`, biases `[out]`. On the
/// CPU a layer with groups is computed group by group, which gives the same bits as one group in each of two
/// processes.
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
        groups: usize,
    ) -> FloatTensor<Self>;

    /// Batch normalisation in training mode: the output, and mean and biased variance of the input per
    /// channel.
    fn batch_norm_forward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// Local response normalisation over the channels of each image.
    fn local_response_norm_forward(x: FloatTensor<Self>, constants: LocalResponseNorm) -> FloatTensor<Self>;

    /// `max(0, x)`.
    fn relu_forward(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The maximum of each window.
    fn max_pool2d_forward(x: FloatTensor<Self>, shape: PoolShape) -> FloatTensor<Self>;
}

/// The gradients of [`LayerOps`], which its backward passes need.
pub trait LayerOpsBackward: LayerOps {
    /// The gradient of a convolution with respect to its input.
    fn conv2d_input_grad(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        shape: ConvShape,
    ) -> FloatTensor<Self>;

    /// The gradient of a convolution with respect to its weight.
    fn conv2d_weight_grad(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        shape: ConvShape,
    ) -> FloatTensor<Self>;

    /// The gradient of a convolution with respect to its bias.
    fn conv2d_bias_grad(
        x: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// The gradient of a fully connected layer with respect to its input.
    fn linear_input_grad(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        groups: usize,
    ) -> FloatTensor<Self>;

    /// The gradient of a fully connected layer with respect to its weight.
    fn linear_weight_grad(
        x: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        groups: usize,
    ) -> FloatTensor<Self>;

    /// The gradient of a fully connected layer with respect to its bias.
    fn linear_bias_grad(gradient: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The gradients of batch normalisation with respect to input, γ and β, given mean and variance.
    fn batch_norm_grads(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        statistics: [FloatTensor<Self>; 2],
        epsilon: f64,
        gradient: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 3];

    /// The gradient of local response normalisation with respect to its input.
    fn local_response_norm_grad(
        x: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        constants: LocalResponseNorm,
    ) -> FloatTensor<Self>;

    /// The gradient of ReLU with respect to its input, given its output.
    fn relu_grad(out: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self>;

    /// Max-pooling that also returns the index of each maximum within its channel.
    fn max_pool2d_indices(x: FloatTensor<Self>, shape: PoolShape) -> (FloatTensor<Self>, IntTensor<Self>);

    /// The gradient of max-pooling with respect to its input.
    fn max_pool2d_grad(
        x: FloatTensor<Self>,
        indices: IntTensor<Self>,
        gradient: FloatTensor<Self>,
        shape: PoolShape,
    ) -> FloatTensor<Self>;
}

/// 2D convolution. Without a bias, zeros are added.
pub fn conv2d(x: Tensor<4>, weight: Tensor<4>, bias: Option<Tensor<1>>, shape: ConvShape) -> Tensor<4> {
    let bias = bias.unwrap_or_else(|| Tensor::zeros([weight.dims()[0]], &x.device()));
    Tensor::from_dispatch(Dispatch::conv2d_forward(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        shape,
    ))
}

/// A fully connected layer whose outputs are split into groups.
pub fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>, groups: usize) -> Tensor<2> {
    let [x, weight, bias] = [x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()];
    Tensor::from_dispatch(Dispatch::linear_forward(x, weight, bias, groups))
}

/// A fully connected layer with int8 weights. CPU only, without gradients.
pub fn linear_int8(x: Tensor<2>, weight: &Int8Weights, bias: Tensor<1>) -> Tensor<2> {
    flex::linear_int8(x, weight, bias)
}

/// Local response normalisation. With `groups`, each group of channels is normalised separately.
pub fn local_response_norm(x: Tensor<4>, constants: LocalResponseNorm, groups: usize) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let parts = x.reshape([batch * groups, channels / groups, height, width]);
    let out: Tensor<4> =
        Tensor::from_dispatch(Dispatch::local_response_norm_forward(parts.into_dispatch(), constants));
    out.reshape([batch, channels, height, width])
}

/// Batch normalisation in training mode: the output, and mean and biased variance of the input per channel.
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

/// `max(0, x)`.
pub fn relu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::relu_forward(x.into_dispatch()))
}

/// The maximum of each window.
pub fn max_pool2d(x: Tensor<4>, shape: PoolShape) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::max_pool2d_forward(x.into_dispatch(), shape))
}
