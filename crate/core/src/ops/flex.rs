//! The layer operations on the CPU: the kernels of `alexnet-kernels`, on the memory of burn's tensors.

use std::cell::RefCell;

use alexnet_kernels::batch_norm::{BatchNorm, ChannelParams};
use alexnet_kernels::conv2d::{Conv2d, Workspace};
use alexnet_kernels::groups::{GroupBuffers, GroupedConv2d, GroupedLinear};
use alexnet_kernels::linear::{Int8Weights, Linear};
use alexnet_kernels::local_response_norm::{self, GradientWorkspace};
use alexnet_kernels::max_pool2d::MaxPool2d;
use alexnet_kernels::relu::{relu, relu_gradient};
use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::{Tensor, TensorData};

use super::{ConvShape, LayerOps, LayerOpsBackward, PoolShape};
use crate::architecture::LocalResponseNorm;
use crate::params::upload;

thread_local! {
    /// Reused from call to call: allocating costs more than the work itself.
    static WORKSPACE: RefCell<Workspace> = RefCell::default();
    static GROUP_BUFFERS: RefCell<GroupBuffers> = RefCell::default();
    static LRN_WORKSPACE: RefCell<GradientWorkspace> = RefCell::default();
}

/// The tensor, contiguous and with offset 0.
fn contiguous(tensor: FlexTensor) -> FlexTensor {
    if tensor.is_contiguous() && tensor.layout().start_offset() == 0 {
        tensor
    } else {
        tensor.to_contiguous()
    }
}

fn values(tensor: &FlexTensor) -> &[f32] {
    let length = tensor.layout().num_elements();
    tensor.storage::<f32>().get(..length).unwrap_or_default()
}

/// A new tensor of this shape, filled by `write`.
fn filled<const D: usize>(shape: [usize; D], write: impl FnOnce(&mut [f32])) -> FlexTensor {
    let mut values = vec![0.0; shape.iter().product()];
    write(&mut values);
    FlexTensor::from_data(TensorData::new(values, shape))
}

/// Applies `write` to the tensor's values, in place if the memory is not shared.
fn modified(tensor: FlexTensor, write: impl FnOnce(&mut [f32])) -> FlexTensor {
    let mut tensor = contiguous(tensor);
    let length = tensor.layout().num_elements();
    write(tensor.storage_mut::<f32>().get_mut(..length).unwrap_or_default());
    tensor
}

fn conv_shape(x: &FlexTensor, weight: &FlexTensor, shape: ConvShape) -> GroupedConv2d {
    let ([batch_size, in_size, height, width], [out_size, _, down, right]) =
        (x.shape().dims(), weight.shape().dims());
    let whole = Conv2d {
        batch_size,
        channels: [in_size, out_size],
        input: [height, width],
        kernel: [down, right],
        stride: [shape.stride; 2],
        padding: [shape.padding; 2],
    };
    GroupedConv2d { whole, groups: shape.groups, split_input: shape.split_input }
}

fn linear_shape(x: &FlexTensor, weight: &FlexTensor) -> Linear {
    let ([batch_size, _], [out_size, in_size]) = (x.shape().dims(), weight.shape().dims());
    Linear { batch_size, units: [in_size, out_size] }
}

fn norm_shape([_, channels, height, width]: [usize; 4]) -> BatchNorm {
    BatchNorm { channels, pixels: height * width }
}

fn lrn_shape(
    [_, channels, height, width]: [usize; 4],
    constants: LocalResponseNorm,
) -> local_response_norm::LocalResponseNorm {
    let LocalResponseNorm { size, alpha, beta, k } = constants;
    local_response_norm::LocalResponseNorm { channels, pixels: height * width, size, alpha, beta, k }
}

fn pool_shape(x: &FlexTensor, shape: PoolShape) -> (MaxPool2d, [usize; 4]) {
    let [batch_size, channels, height, width] = x.shape().dims();
    let pool = MaxPool2d { input: [height, width], kernel: shape.kernel, stride: shape.stride };
    let [rows, columns] = pool.output();
    (pool, [batch_size, channels, rows, columns])
}

/// A fully connected layer with int8 weights. Not one of burn's operations, because burn's quantised tensors
/// have no scale per row.
pub fn linear_int8(x: Tensor<2>, weight: &Int8Weights, bias: Tensor<1>) -> Tensor<2> {
    let ([batch_size, in_size], device) = (x.dims(), x.device());
    let linear = Linear { batch_size, units: [in_size, weight.scales.len()] };
    let [x, bias] = [x.into_data(), bias.into_data()].map(floats);
    let mut out = vec![0.0; batch_size * weight.scales.len()];
    WORKSPACE.with_borrow_mut(|workspace| {
        linear.forward_int8(&x, weight, &bias, &mut out, &mut workspace.matmul_workspace)
    });
    upload(out, [batch_size, weight.scales.len()], &device)
}

// On the CPU every float tensor of this crate is in single precision.
#[allow(clippy::expect_used)]
fn floats(data: TensorData) -> Vec<f32> {
    data.try_into_vec().expect("single precision")
}

impl LayerOps for Flex {
    fn conv2d_forward(x: FlexTensor, weight: FlexTensor, bias: FlexTensor, shape: ConvShape) -> FlexTensor {
        let conv = conv_shape(&x, &weight, shape);
        let [x, weight, bias] = [x, weight, bias].map(contiguous);
        let GroupedConv2d { whole, groups, .. } = conv;
        let [height, width] = whole.output();
        filled([whole.batch_size, whole.channels[1], height, width], |out| {
            let (x, weight, bias) = (values(&x), values(&weight), values(&bias));
            WORKSPACE.with_borrow_mut(|workspace| match groups {
                1 => whole.forward(x, weight, Some(bias), out, workspace),
                _ => GROUP_BUFFERS
                    .with_borrow_mut(|buffers| conv.forward(x, weight, bias, out, workspace, buffers)),
            });
        })
    }

    fn linear_forward(x: FlexTensor, weight: FlexTensor, bias: FlexTensor, groups: usize) -> FlexTensor {
        let whole = linear_shape(&x, &weight);
        let [x, weight, bias] = [x, weight, bias].map(contiguous);
        filled([whole.batch_size, whole.units[1]], |out| {
            let (x, weight, bias) = (values(&x), values(&weight), values(&bias));
            WORKSPACE.with_borrow_mut(|Workspace { matmul_workspace, .. }| match groups {
                1 => whole.forward(x, weight, Some(bias), out, matmul_workspace),
                _ => GROUP_BUFFERS.with_borrow_mut(|buffers| {
                    GroupedLinear { whole, groups }.forward(x, weight, bias, out, matmul_workspace, buffers);
                }),
            });
        })
    }

    fn batch_norm_forward(
        x: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        epsilon: f64,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let shape: [usize; 4] = x.shape().dims();
        let norm = norm_shape(shape);
        let [x, gamma, beta] = [x, gamma, beta].map(contiguous);
        let (mut mean, mut variance) = (vec![0.0; norm.channels], vec![0.0; norm.channels]);
        norm.statistics(values(&x), &mut mean, &mut variance);
        let params = ChannelParams {
            gamma: values(&gamma),
            mean: &mean,
            variance: &variance,
            epsilon: epsilon as f32,
        };
        let out = filled(shape, |out| norm.forward(values(&x), params, values(&beta), out));
        let [mean, variance] =
            [mean, variance].map(|values| FlexTensor::from_data(TensorData::new(values, [norm.channels])));
        (out, mean, variance)
    }

    fn local_response_norm_forward(x: FlexTensor, constants: LocalResponseNorm) -> FlexTensor {
        let shape: [usize; 4] = x.shape().dims();
        let x = contiguous(x);
        filled(shape, |out| lrn_shape(shape, constants).forward(values(&x), out))
    }

    fn relu_forward(x: FlexTensor) -> FlexTensor {
        modified(x, relu)
    }

    fn max_pool2d_forward(x: FlexTensor, shape: PoolShape) -> FlexTensor {
        Self::max_pool2d_indices(x, shape).0
    }
}

impl LayerOpsBackward for Flex {
    fn conv2d_input_grad(
        x: FlexTensor,
        weight: FlexTensor,
        gradient: FlexTensor,
        shape: ConvShape,
    ) -> FlexTensor {
        let conv = conv_shape(&x, &weight, shape);
        let [weight, gradient] = [weight, gradient].map(contiguous);
        filled(x.shape().dims::<4>(), |out| {
            let (gradient, weight) = (values(&gradient), values(&weight));
            WORKSPACE.with_borrow_mut(|workspace| match conv.groups {
                1 => conv.whole.input_gradient(gradient, weight, out, workspace),
                _ => GROUP_BUFFERS.with_borrow_mut(|buffers| {
                    conv.input_gradient(gradient, weight, out, workspace, buffers)
                }),
            });
        })
    }

    fn conv2d_weight_grad(
        x: FlexTensor,
        weight: FlexTensor,
        gradient: FlexTensor,
        shape: ConvShape,
    ) -> FlexTensor {
        let conv = conv_shape(&x, &weight, shape);
        let [x, gradient] = [x, gradient].map(contiguous);
        filled(weight.shape().dims::<4>(), |out| {
            let (x, gradient) = (values(&x), values(&gradient));
            WORKSPACE.with_borrow_mut(|workspace| match conv.groups {
                1 => conv.whole.weight_gradient(x, gradient, out, workspace),
                _ => GROUP_BUFFERS
                    .with_borrow_mut(|buffers| conv.weight_gradient(x, gradient, out, workspace, buffers)),
            });
        })
    }

    fn conv2d_bias_grad(_x: FlexTensor, bias: FlexTensor, gradient: FlexTensor) -> FlexTensor {
        let [_, channels, height, width] = gradient.shape().dims();
        let gradient = contiguous(gradient);
        filled(bias.shape().dims::<1>(), |out| {
            alexnet_kernels::conv2d::bias_gradient(values(&gradient), [channels, height * width], out);
        })
    }

    fn linear_input_grad(weight: FlexTensor, gradient: FlexTensor, groups: usize) -> FlexTensor {
        let whole = linear_shape(&gradient, &weight);
        let [weight, gradient] = [weight, gradient].map(contiguous);
        filled([whole.batch_size, whole.units[0]], |out| {
            let (gradient, weight) = (values(&gradient), values(&weight));
            WORKSPACE.with_borrow_mut(|Workspace { matmul_workspace, .. }| match groups {
                1 => whole.input_gradient(gradient, weight, out, matmul_workspace),
                _ => GROUP_BUFFERS.with_borrow_mut(|buffers| {
                    GroupedLinear { whole, groups }.input_gradient(
                        gradient,
                        weight,
                        out,
                        matmul_workspace,
                        buffers,
                    );
                }),
            });
        })
    }

    fn linear_weight_grad(x: FlexTensor, gradient: FlexTensor, groups: usize) -> FlexTensor {
        let ([batch_size, in_size], [_, out_size]) = (x.shape().dims(), gradient.shape().dims());
        let whole = Linear { batch_size, units: [in_size, out_size] };
        let [x, gradient] = [x, gradient].map(contiguous);
        filled([out_size, in_size], |out| {
            let (x, gradient) = (values(&x), values(&gradient));
            WORKSPACE.with_borrow_mut(|Workspace { matmul_workspace, .. }| match groups {
                1 => whole.weight_gradient(x, gradient, out, matmul_workspace),
                _ => GROUP_BUFFERS.with_borrow_mut(|buffers| {
                    GroupedLinear { whole, groups }.weight_gradient(
                        x,
                        gradient,
                        out,
                        matmul_workspace,
                        buffers,
                    );
                }),
            });
        })
    }

    fn linear_bias_grad(gradient: FlexTensor) -> FlexTensor {
        let [_, units] = gradient.shape().dims();
        let gradient = contiguous(gradient);
        filled([units], |out| alexnet_kernels::conv2d::bias_gradient(values(&gradient), [units, 1], out))
    }

    fn batch_norm_grads(
        x: FlexTensor,
        gamma: FlexTensor,
        statistics: [FlexTensor; 2],
        epsilon: f64,
        gradient: FlexTensor,
    ) -> [FlexTensor; 3] {
        let shape: [usize; 4] = x.shape().dims();
        let norm = norm_shape(shape);
        let [x, gamma, gradient] = [x, gamma, gradient].map(contiguous);
        let [mean, variance] = statistics.map(contiguous);
        let [gammas, mean, variance] = [values(&gamma), values(&mean), values(&variance)];
        let params = ChannelParams { gamma: gammas, mean, variance, epsilon: epsilon as f32 };
        let (mut grad_gamma, mut grad_beta) = (vec![0.0; norm.channels], vec![0.0; norm.channels]);
        let grad_x = filled(shape, |grad_x| {
            norm.gradients(values(&x), params, values(&gradient), grad_x, &mut grad_gamma, &mut grad_beta);
        });
        let [grad_gamma, grad_beta] = [grad_gamma, grad_beta]
            .map(|values| FlexTensor::from_data(TensorData::new(values, [norm.channels])));
        [grad_x, grad_gamma, grad_beta]
    }

    fn local_response_norm_grad(
        x: FlexTensor,
        gradient: FlexTensor,
        constants: LocalResponseNorm,
    ) -> FlexTensor {
        let shape: [usize; 4] = x.shape().dims();
        let [x, gradient] = [x, gradient].map(contiguous);
        filled(shape, |out| {
            LRN_WORKSPACE.with_borrow_mut(|workspace| {
                lrn_shape(shape, constants).gradient(values(&x), values(&gradient), out, workspace);
            });
        })
    }

    fn relu_grad(out: FlexTensor, gradient: FlexTensor) -> FlexTensor {
        let out = contiguous(out);
        modified(gradient, |gradient| relu_gradient(values(&out), gradient))
    }

    fn max_pool2d_indices(x: FlexTensor, shape: PoolShape) -> (FlexTensor, FlexTensor) {
        let (pool, output) = pool_shape(&x, shape);
        let x = contiguous(x);
        let mut indices = vec![0u32; output.iter().product()];
        let out = filled(output, |out| pool.forward(values(&x), out, &mut indices));
        (out, FlexTensor::from_data(TensorData::new(indices, output)))
    }

    fn max_pool2d_grad(
        x: FlexTensor,
        indices: FlexTensor,
        gradient: FlexTensor,
        shape: PoolShape,
    ) -> FlexTensor {
        let (pool, _) = pool_shape(&x, shape);
        let gradient = contiguous(gradient);
        filled(x.shape().dims::<4>(), |out| pool.gradient(values(&gradient), indices.storage::<u32>(), out))
    }
}
