//! On a GPU: burn's own kernels.

use burn::backend::Cube;
use burn::backend::TensorMetadata;
use burn::backend::ops::{ConvOptions, FloatTensorOps, ModuleOps};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::tensor::{IntDType, Shape};

use super::{ConvShape, Gradients, LayerOps, PoolShape};

fn options(shape: ConvShape) -> ConvOptions<2> {
    ConvOptions::new([shape.stride; 2], [shape.padding; 2], [1; 2], 1)
}

impl LayerOps for Cube {
    fn convolve(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shape: ConvShape,
    ) -> FloatTensor<Self> {
        Self::conv2d(x, weight, Some(bias), options(shape))
    }

    fn connect(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let [units] = bias.shape().dims();
        let product = Self::float_matmul(x, Self::float_transpose(weight));
        Self::float_add(product, Self::float_reshape(bias, Shape::new([1, units])))
    }

    fn normalise(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let all = Self::batch_norm_train(x, gamma, beta, epsilon);
        (all.output, all.mean, all.variance)
    }

    fn pool(x: FloatTensor<Self>, shape: PoolShape) -> FloatTensor<Self> {
        Self::max_pool2d(x, [shape.kernel; 2], [shape.stride; 2], [0; 2], [1; 2], false)
    }
}

impl Gradients for Cube {
    fn convolve_input(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        shape: ConvShape,
    ) -> FloatTensor<Self> {
        Self::conv2d_x_backward(x, weight, gradient, options(shape))
    }

    fn convolve_weight(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        shape: ConvShape,
    ) -> FloatTensor<Self> {
        Self::conv2d_weight_backward(x, weight, gradient, options(shape))
    }

    fn convolve_bias(
        x: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        Self::conv2d_bias_backward(x, bias, gradient)
    }

    fn connect_input(weight: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::float_matmul(gradient, weight)
    }

    fn connect_weight(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::float_matmul(Self::float_transpose(gradient), x)
    }

    fn connect_bias(gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let [_, units] = gradient.shape().dims();
        Self::float_reshape(Self::float_sum_dim(gradient, 0), Shape::new([units]))
    }

    fn normalise_all(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        [mean, variance]: [FloatTensor<Self>; 2],
        epsilon: f64,
        gradient: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 3] {
        let all = Self::batch_norm_train_backward(x, gamma, mean, variance, epsilon, gradient);
        [all.x_grad, all.gamma_grad, all.beta_grad]
    }

    fn pool_places(x: FloatTensor<Self>, shape: PoolShape) -> (FloatTensor<Self>, IntTensor<Self>) {
        let (kernel, stride) = ([shape.kernel; 2], [shape.stride; 2]);
        let pooled = Self::max_pool2d_with_indices(x, kernel, stride, [0; 2], [1; 2], false, IntDType::I32);
        (pooled.output, pooled.indices)
    }

    fn pool_input(
        x: FloatTensor<Self>,
        places: IntTensor<Self>,
        gradient: FloatTensor<Self>,
        shape: PoolShape,
    ) -> FloatTensor<Self> {
        let (kernel, stride) = ([shape.kernel; 2], [shape.stride; 2]);
        Self::max_pool2d_with_indices_backward(x, kernel, stride, [0; 2], [1; 2], false, gradient, places)
            .x_grad
    }
}
