//! The layer operations on a GPU: burn's own kernels.

use burn::backend::Cube;
use burn::backend::TensorMetadata;
use burn::backend::ops::{ActivationOps, ConvOptions, FloatTensorOps, ModuleOps};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::tensor::{IntDType, Shape};

use super::{ConvShape, LayerOps, LayerOpsBackward, PoolShape};
use crate::architecture::LocalResponseNorm;

fn options(shape: ConvShape) -> ConvOptions<2> {
    let groups = if shape.split_input { shape.groups } else { 1 };
    ConvOptions::new([shape.stride; 2], [shape.padding; 2], [1; 2], groups)
}

/// The sum over neighbouring channels: average pooling along the channel axis, times the window length.
fn channel_window_sum(x: FloatTensor<Cube>, size: usize) -> FloatTensor<Cube> {
    let shape = x.shape();
    let [images, channels, height, width] = shape.dims();
    let plane = Cube::float_reshape(x, Shape::new([images, 1, channels, height * width]));
    let means = Cube::avg_pool2d(plane, [size, 1], [1; 2], [size / 2, 0], true, false);
    Cube::float_reshape(Cube::float_mul_scalar(means, (size as f32).into()), shape)
}

/// `k + α Σ x_j²` of every value.
fn lrn_scale(x: FloatTensor<Cube>, constants: LocalResponseNorm) -> FloatTensor<Cube> {
    let squares = Cube::float_mul(x.clone(), x);
    let scaled = Cube::float_mul_scalar(channel_window_sum(squares, constants.size), constants.alpha.into());
    Cube::float_add_scalar(scaled, constants.k.into())
}

impl LayerOps for Cube {
    fn conv2d_forward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shape: ConvShape,
    ) -> FloatTensor<Self> {
        Self::conv2d(x, weight, Some(bias), options(shape))
    }

    fn linear_forward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        _groups: usize,
    ) -> FloatTensor<Self> {
        let [units] = bias.shape().dims();
        let product = Self::float_matmul(x, Self::float_transpose(weight));
        Self::float_add(product, Self::float_reshape(bias, Shape::new([1, units])))
    }

    fn batch_norm_forward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let all = Self::batch_norm_train(x, gamma, beta, epsilon);
        (all.output, all.mean, all.variance)
    }

    fn local_response_norm_forward(x: FloatTensor<Self>, constants: LocalResponseNorm) -> FloatTensor<Self> {
        let factors = Self::float_powf_scalar(lrn_scale(x.clone(), constants), (-constants.beta).into());
        Self::float_mul(x, factors)
    }

    fn relu_forward(x: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::relu(x)
    }

    fn max_pool2d_forward(x: FloatTensor<Self>, shape: PoolShape) -> FloatTensor<Self> {
        Self::max_pool2d(x, [shape.kernel; 2], [shape.stride; 2], [0; 2], [1; 2], false)
    }
}

impl LayerOpsBackward for Cube {
    fn conv2d_input_grad(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        shape: ConvShape,
    ) -> FloatTensor<Self> {
        Self::conv2d_x_backward(x, weight, gradient, options(shape))
    }

    fn conv2d_weight_grad(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        shape: ConvShape,
    ) -> FloatTensor<Self> {
        Self::conv2d_weight_backward(x, weight, gradient, options(shape))
    }

    fn conv2d_bias_grad(
        x: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        Self::conv2d_bias_backward(x, bias, gradient)
    }

    fn linear_input_grad(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        _groups: usize,
    ) -> FloatTensor<Self> {
        Self::float_matmul(gradient, weight)
    }

    fn linear_weight_grad(
        x: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        _groups: usize,
    ) -> FloatTensor<Self> {
        Self::float_matmul(Self::float_transpose(gradient), x)
    }

    fn linear_bias_grad(gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let [_, units] = gradient.shape().dims();
        Self::float_reshape(Self::float_sum_dim(gradient, 0), Shape::new([units]))
    }

    fn batch_norm_grads(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        [mean, variance]: [FloatTensor<Self>; 2],
        epsilon: f64,
        gradient: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 3] {
        let all = Self::batch_norm_train_backward(x, gamma, mean, variance, epsilon, gradient);
        [all.x_grad, all.gamma_grad, all.beta_grad]
    }

    fn local_response_norm_grad(
        x: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        constants: LocalResponseNorm,
    ) -> FloatTensor<Self> {
        let scale = lrn_scale(x.clone(), constants);
        let factors = Self::float_powf_scalar(scale.clone(), (-constants.beta).into());
        let direct_term = Self::float_mul(gradient, factors);
        let terms = Self::float_div(Self::float_mul(direct_term.clone(), x.clone()), scale);
        let window_term = Self::float_mul(x, channel_window_sum(terms, constants.size));
        Self::float_add(
            direct_term,
            Self::float_mul_scalar(window_term, (-2.0 * constants.alpha * constants.beta).into()),
        )
    }

    fn relu_grad(out: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::relu_backward(out, gradient)
    }

    fn max_pool2d_indices(x: FloatTensor<Self>, shape: PoolShape) -> (FloatTensor<Self>, IntTensor<Self>) {
        let (kernel, stride) = ([shape.kernel; 2], [shape.stride; 2]);
        let pooled = Self::max_pool2d_with_indices(x, kernel, stride, [0; 2], [1; 2], false, IntDType::I32);
        (pooled.output, pooled.indices)
    }

    fn max_pool2d_grad(
        x: FloatTensor<Self>,
        indices: IntTensor<Self>,
        gradient: FloatTensor<Self>,
        shape: PoolShape,
    ) -> FloatTensor<Self> {
        let (kernel, stride) = ([shape.kernel; 2], [shape.stride; 2]);
        Self::max_pool2d_with_indices_backward(x, kernel, stride, [0; 2], [1; 2], false, gradient, indices)
            .x_grad
    }
}
