//! The layer operations on the CPU: the kernels of `alexnet-kernels`, on the memory of burn's tensors.

use std::cell::RefCell;

use alexnet_kernels::batch_norm::{BatchNorm, Channel};
use alexnet_kernels::conv2d::{Conv2d, Workspace};
use alexnet_kernels::groups::{GroupBuffers, GroupedConv2d, GroupedLinear};
use alexnet_kernels::linear::{Int8Rows, Linear};
use alexnet_kernels::local_response_norm::{self, Sums};
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
    static WORK: RefCell<Workspace> = RefCell::default();
    static PARTS: RefCell<GroupBuffers> = RefCell::default();
    static SUMS: RefCell<Sums> = RefCell::default();
}

/// The tensor, contiguous and with offset 0.
fn dense(tensor: FlexTensor) -> FlexTensor {
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
fn made<const D: usize>(shape: [usize; D], write: impl FnOnce(&mut [f32])) -> FlexTensor {
    let mut values = vec![0.0; shape.iter().product()];
    write(&mut values);
    FlexTensor::from_data(TensorData::new(values, shape))
}

/// Applies `write` to the tensor's values, in place if the memory is not shared.
fn changed(tensor: FlexTensor, write: impl FnOnce(&mut [f32])) -> FlexTensor {
    let mut tensor = dense(tensor);
    let length = tensor.layout().num_elements();
    write(tensor.storage_mut::<f32>().get_mut(..length).unwrap_or_default());
    tensor
}

fn conv(x: &FlexTensor, weight: &FlexTensor, shape: ConvShape) -> GroupedConv2d {
    let ([images, incoming, height, width], [outgoing, _, down, right]) =
        (x.shape().dims(), weight.shape().dims());
    let whole = Conv2d {
        images,
        channels: [incoming, outgoing],
        input: [height, width],
        kernel: [down, right],
        stride: [shape.stride; 2],
        padding: [shape.padding; 2],
    };
    GroupedConv2d { whole, towers: shape.towers, apart: shape.apart }
}

fn linear(images: &FlexTensor, weight: &FlexTensor) -> Linear {
    let ([images, _], [outgoing, incoming]) = (images.shape().dims(), weight.shape().dims());
    Linear { images, units: [incoming, outgoing] }
}

fn norm([_, channels, height, width]: [usize; 4]) -> BatchNorm {
    BatchNorm { channels, pixels: height * width }
}

fn local(
    [_, channels, height, width]: [usize; 4],
    by: LocalResponseNorm,
) -> local_response_norm::LocalResponseNorm {
    let LocalResponseNorm { size, alpha, beta, k } = by;
    local_response_norm::LocalResponseNorm { channels, pixels: height * width, size, alpha, beta, k }
}

fn pooling(x: &FlexTensor, shape: PoolShape) -> (MaxPool2d, [usize; 4]) {
    let [images, channels, height, width] = x.shape().dims();
    let pool = MaxPool2d { input: [height, width], kernel: shape.kernel, stride: shape.stride };
    let [rows, columns] = pool.output();
    (pool, [images, channels, rows, columns])
}

/// A fully connected layer with int8 weights. Not one of burn's operations, because burn's quantised tensors
/// have no scale per row.
pub fn linear_int8(x: Tensor<2>, weight: &Int8Rows, bias: Tensor<1>) -> Tensor<2> {
    let ([images, incoming], device) = (x.dims(), x.device());
    let linear = Linear { images, units: [incoming, weight.scales.len()] };
    let [x, bias] = [x.into_data(), bias.into_data()].map(floats);
    let mut out = vec![0.0; images * weight.scales.len()];
    WORK.with_borrow_mut(|work| linear.forward_int8(&x, weight, &bias, &mut out, &mut work.scratch));
    upload(out, [images, weight.scales.len()], &device)
}

// On the CPU every float tensor of this crate is in single precision.
#[allow(clippy::expect_used)]
fn floats(data: TensorData) -> Vec<f32> {
    data.try_into_vec().expect("single precision")
}

impl LayerOps for Flex {
    fn conv2d_forward(x: FlexTensor, weight: FlexTensor, bias: FlexTensor, shape: ConvShape) -> FlexTensor {
        let conv = conv(&x, &weight, shape);
        let [x, weight, bias] = [x, weight, bias].map(dense);
        let GroupedConv2d { whole, towers, .. } = conv;
        let [height, width] = whole.output();
        made([whole.images, whole.channels[1], height, width], |out| {
            let (x, weight, bias) = (values(&x), values(&weight), values(&bias));
            WORK.with_borrow_mut(|work| match towers {
                1 => whole.forward(x, weight, Some(bias), out, work),
                _ => PARTS.with_borrow_mut(|parts| conv.forward(x, weight, bias, out, work, parts)),
            });
        })
    }

    fn linear_forward(x: FlexTensor, weight: FlexTensor, bias: FlexTensor, towers: usize) -> FlexTensor {
        let whole = linear(&x, &weight);
        let [x, weight, bias] = [x, weight, bias].map(dense);
        made([whole.images, whole.units[1]], |out| {
            let (x, weight, bias) = (values(&x), values(&weight), values(&bias));
            WORK.with_borrow_mut(|Workspace { scratch, .. }| match towers {
                1 => whole.forward(x, weight, Some(bias), out, scratch),
                _ => PARTS.with_borrow_mut(|parts| {
                    GroupedLinear { whole, towers }.forward(x, weight, bias, out, scratch, parts);
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
        let norm = norm(shape);
        let [x, gamma, beta] = [x, gamma, beta].map(dense);
        let (mut mean, mut variance) = (vec![0.0; norm.channels], vec![0.0; norm.channels]);
        norm.statistics(values(&x), &mut mean, &mut variance);
        let by = Channel { gamma: values(&gamma), mean: &mean, variance: &variance, epsilon: epsilon as f32 };
        let out = made(shape, |out| norm.forward(values(&x), by, values(&beta), out));
        let [mean, variance] =
            [mean, variance].map(|values| FlexTensor::from_data(TensorData::new(values, [norm.channels])));
        (out, mean, variance)
    }

    fn local_response_norm_forward(x: FlexTensor, by: LocalResponseNorm) -> FlexTensor {
        let shape: [usize; 4] = x.shape().dims();
        let x = dense(x);
        made(shape, |out| local(shape, by).forward(values(&x), out))
    }

    fn relu_forward(x: FlexTensor) -> FlexTensor {
        changed(x, relu)
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
        let conv = conv(&x, &weight, shape);
        let [weight, gradient] = [weight, gradient].map(dense);
        made(x.shape().dims::<4>(), |out| {
            let (gradient, weight) = (values(&gradient), values(&weight));
            WORK.with_borrow_mut(|work| match conv.towers {
                1 => conv.whole.input_gradient(gradient, weight, out, work),
                _ => PARTS.with_borrow_mut(|parts| conv.input_gradient(gradient, weight, out, work, parts)),
            });
        })
    }

    fn conv2d_weight_grad(
        x: FlexTensor,
        weight: FlexTensor,
        gradient: FlexTensor,
        shape: ConvShape,
    ) -> FlexTensor {
        let conv = conv(&x, &weight, shape);
        let [x, gradient] = [x, gradient].map(dense);
        made(weight.shape().dims::<4>(), |out| {
            let (x, gradient) = (values(&x), values(&gradient));
            WORK.with_borrow_mut(|work| match conv.towers {
                1 => conv.whole.weight_gradient(x, gradient, out, work),
                _ => PARTS.with_borrow_mut(|parts| conv.weight_gradient(x, gradient, out, work, parts)),
            });
        })
    }

    fn conv2d_bias_grad(_x: FlexTensor, bias: FlexTensor, gradient: FlexTensor) -> FlexTensor {
        let [_, channels, height, width] = gradient.shape().dims();
        let gradient = dense(gradient);
        made(bias.shape().dims::<1>(), |sums| {
            alexnet_kernels::conv2d::bias_gradient(values(&gradient), [channels, height * width], sums);
        })
    }

    fn linear_input_grad(weight: FlexTensor, gradient: FlexTensor, towers: usize) -> FlexTensor {
        let whole = linear(&gradient, &weight);
        let [weight, gradient] = [weight, gradient].map(dense);
        made([whole.images, whole.units[0]], |out| {
            let (gradient, weight) = (values(&gradient), values(&weight));
            WORK.with_borrow_mut(|Workspace { scratch, .. }| match towers {
                1 => whole.input_gradient(gradient, weight, out, scratch),
                _ => PARTS.with_borrow_mut(|parts| {
                    GroupedLinear { whole, towers }.input_gradient(gradient, weight, out, scratch, parts);
                }),
            });
        })
    }

    fn linear_weight_grad(x: FlexTensor, gradient: FlexTensor, towers: usize) -> FlexTensor {
        let ([images, incoming], [_, outgoing]) = (x.shape().dims(), gradient.shape().dims());
        let whole = Linear { images, units: [incoming, outgoing] };
        let [x, gradient] = [x, gradient].map(dense);
        made([outgoing, incoming], |out| {
            let (x, gradient) = (values(&x), values(&gradient));
            WORK.with_borrow_mut(|Workspace { scratch, .. }| match towers {
                1 => whole.weight_gradient(x, gradient, out, scratch),
                _ => PARTS.with_borrow_mut(|parts| {
                    GroupedLinear { whole, towers }.weight_gradient(x, gradient, out, scratch, parts);
                }),
            });
        })
    }

    fn linear_bias_grad(gradient: FlexTensor) -> FlexTensor {
        let [_, units] = gradient.shape().dims();
        let gradient = dense(gradient);
        made([units], |sums| alexnet_kernels::conv2d::bias_gradient(values(&gradient), [units, 1], sums))
    }

    fn batch_norm_grads(
        x: FlexTensor,
        gamma: FlexTensor,
        statistics: [FlexTensor; 2],
        epsilon: f64,
        gradient: FlexTensor,
    ) -> [FlexTensor; 3] {
        let shape: [usize; 4] = x.shape().dims();
        let norm = norm(shape);
        let [x, gamma, gradient] = [x, gamma, gradient].map(dense);
        let [mean, variance] = statistics.map(dense);
        let [gammas, mean, variance] = [values(&gamma), values(&mean), values(&variance)];
        let by = Channel { gamma: gammas, mean, variance, epsilon: epsilon as f32 };
        let (mut by_gamma, mut by_beta) = (vec![0.0; norm.channels], vec![0.0; norm.channels]);
        let by_x = made(shape, |by_x| {
            norm.gradients(values(&x), by, values(&gradient), by_x, &mut by_gamma, &mut by_beta);
        });
        let [by_gamma, by_beta] =
            [by_gamma, by_beta].map(|values| FlexTensor::from_data(TensorData::new(values, [norm.channels])));
        [by_x, by_gamma, by_beta]
    }

    fn local_response_norm_grad(x: FlexTensor, gradient: FlexTensor, by: LocalResponseNorm) -> FlexTensor {
        let shape: [usize; 4] = x.shape().dims();
        let [x, gradient] = [x, gradient].map(dense);
        made(shape, |out| {
            SUMS.with_borrow_mut(|sums| {
                local(shape, by).gradient(values(&x), values(&gradient), out, sums);
            });
        })
    }

    fn relu_grad(out: FlexTensor, gradient: FlexTensor) -> FlexTensor {
        let out = dense(out);
        changed(gradient, |gradient| relu_gradient(values(&out), gradient))
    }

    fn max_pool2d_indices(x: FlexTensor, shape: PoolShape) -> (FlexTensor, FlexTensor) {
        let (pool, output) = pooling(&x, shape);
        let x = dense(x);
        let mut indices = vec![0u32; output.iter().product()];
        let out = made(output, |out| pool.forward(values(&x), out, &mut indices));
        (out, FlexTensor::from_data(TensorData::new(indices, output)))
    }

    fn max_pool2d_grad(
        x: FlexTensor,
        indices: FlexTensor,
        gradient: FlexTensor,
        shape: PoolShape,
    ) -> FlexTensor {
        let (pool, _) = pooling(&x, shape);
        let gradient = dense(gradient);
        made(x.shape().dims::<4>(), |out| pool.gradient(values(&gradient), indices.storage::<u32>(), out))
    }
}
