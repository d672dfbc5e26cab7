//! Layers whose output channels are split into groups, as AlexNet's two GPUs held them in 2012 (the paper's
//! "two towers").
//!
//! Each group computes its outputs with the ordinary kernel of that size. Where all groups read the same
//! input, its gradient is the sum over the groups. So two groups in one process give the same bits as one
//! group in each of two processes.

use std::ops::Range;

use crate::conv2d::{Conv2d, Workspace};
use crate::linear::Linear;
use crate::matmul::MatmulWorkspace;

/// Scratch memory for one group's slice of the input and of the output, reused from call to call.
#[derive(Debug, Default)]
pub struct GroupBuffers {
    input: Vec<f32>,
    output: Vec<f32>,
}

/// A convolution in groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupedConv2d {
    /// The shape of all groups together.
    pub whole: Conv2d,
    /// Number of groups. Must divide the output channels, and with `split_input` the input channels too.
    pub groups: usize,
    /// Whether each group reads only its slice of the input channels (PyTorch's `groups`), or all of them.
    pub split_input: bool,
}

impl GroupedConv2d {
    /// The convolution that one group computes.
    ///
    /// # Panics
    /// If the number of groups does not divide the channels.
    fn group_conv(&self) -> Conv2d {
        let [inputs, outputs] = self.whole.channels;
        let part = if self.split_input { self.groups } else { 1 };
        assert!(
            inputs.is_multiple_of(part) && outputs.is_multiple_of(self.groups),
            "the groups must divide the channels"
        );
        Conv2d { channels: [inputs / part, outputs / self.groups], ..self.whole }
    }

    /// As [`Conv2d::forward`], with `weight` `[out, in of a group, kernel height, kernel width]`.
    ///
    /// # Panics
    /// If a slice has a length that does not match the shape.
    pub fn forward(
        &self,
        x: &[f32],
        weight: &[f32],
        bias: &[f32],
        out: &mut [f32],
        workspace: &mut Workspace,
        buffers: &mut GroupBuffers,
    ) {
        let layer = self.group_conv();
        let GroupBuffers { input, output } = buffers;
        output.resize(out.len() / self.groups, 0.0);
        for group in 0..self.groups {
            let x = self.group_input(x, group, input);
            let (weight, bias) =
                (group_slice(weight, self.groups, group), group_slice(bias, self.groups, group));
            layer.forward(x, weight, Some(bias), output, workspace);
            let width = self.output_len();
            write_columns(output, out, width, group_range(width, self.groups, group));
        }
    }

    /// As [`Conv2d::weight_gradient`].
    ///
    /// # Panics
    /// If a slice has a length that does not match the shape.
    pub fn weight_gradient(
        &self,
        x: &[f32],
        gradient: &[f32],
        weight: &mut [f32],
        workspace: &mut Workspace,
        buffers: &mut GroupBuffers,
    ) {
        let layer = self.group_conv();
        let GroupBuffers { input, output } = buffers;
        let length = weight.len() / self.groups;
        for (group, weight) in weight.chunks_exact_mut(length.max(1)).enumerate() {
            let x = self.group_input(x, group, input);
            let width = self.output_len();
            layer.weight_gradient(
                x,
                slice_columns(gradient, width, group_range(width, self.groups, group), output),
                weight,
                workspace,
            );
        }
    }

    /// As [`Conv2d::input_gradient`].
    ///
    /// # Panics
    /// If a slice has a length that does not match the shape.
    pub fn input_gradient(
        &self,
        gradient: &[f32],
        weight: &[f32],
        x: &mut [f32],
        workspace: &mut Workspace,
        buffers: &mut GroupBuffers,
    ) {
        let layer = self.group_conv();
        let GroupBuffers { input, output } = buffers;
        input.resize(if self.split_input { x.len() / self.groups } else { x.len() }, 0.0);
        for group in 0..self.groups {
            let width = self.output_len();
            let gradient = slice_columns(gradient, width, group_range(width, self.groups, group), output);
            layer.input_gradient(gradient, group_slice(weight, self.groups, group), input, workspace);
            if self.split_input {
                let width = self.input_len();
                write_columns(input, x, width, group_range(width, self.groups, group));
            } else {
                accumulate(group, input, x);
            }
        }
    }

    fn input_len(&self) -> usize {
        self.whole.channels[0] * self.whole.input.iter().product::<usize>()
    }

    fn output_len(&self) -> usize {
        self.whole.channels[1] * self.whole.output().iter().product::<usize>()
    }

    /// The input of one group.
    fn group_input<'a>(&self, x: &'a [f32], group: usize, to: &'a mut Vec<f32>) -> &'a [f32] {
        match self.split_input {
            true => slice_columns(x, self.input_len(), group_range(self.input_len(), self.groups, group), to),
            false => x,
        }
    }
}

/// A fully connected layer whose output units are split into groups. Every group reads the whole input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupedLinear {
    /// The shape of all groups together.
    pub whole: Linear,
    /// Number of groups. If it does not divide the units, the first groups hold one more.
    pub groups: usize,
}

impl GroupedLinear {
    /// The layer that one group computes, and its range of units.
    fn group_layer(&self, group: usize) -> (Linear, Range<usize>) {
        let [inputs, outputs] = self.whole.units;
        let units = group_range(outputs, self.groups, group);
        (Linear { units: [inputs, units.len()], ..self.whole }, units)
    }

    /// As [`Linear::forward`].
    ///
    /// # Panics
    /// If a slice has a length that does not match the shape.
    pub fn forward(
        &self,
        x: &[f32],
        weight: &[f32],
        bias: &[f32],
        out: &mut [f32],
        workspace: &mut MatmulWorkspace,
        buffers: &mut GroupBuffers,
    ) {
        let [inputs, outputs] = self.whole.units;
        for group in 0..self.groups {
            let (layer, units) = self.group_layer(group);
            let group_out = &mut buffers.output;
            group_out.resize(layer.batch_size * layer.units[1], 0.0);
            let weight = &weight[units.start * inputs..units.end * inputs];
            layer.forward(x, weight, Some(&bias[units.clone()]), group_out, workspace);
            write_columns(group_out, out, outputs, units);
        }
    }

    /// As [`Linear::weight_gradient`].
    ///
    /// # Panics
    /// If a slice has a length that does not match the shape.
    pub fn weight_gradient(
        &self,
        x: &[f32],
        gradient: &[f32],
        weight: &mut [f32],
        workspace: &mut MatmulWorkspace,
        buffers: &mut GroupBuffers,
    ) {
        let [inputs, outputs] = self.whole.units;
        for group in 0..self.groups {
            let (layer, units) = self.group_layer(group);
            let weight = &mut weight[units.start * inputs..units.end * inputs];
            layer.weight_gradient(
                x,
                slice_columns(gradient, outputs, units, &mut buffers.output),
                weight,
                workspace,
            );
        }
    }

    /// As [`Linear::input_gradient`].
    ///
    /// # Panics
    /// If a slice has a length that does not match the shape.
    pub fn input_gradient(
        &self,
        gradient: &[f32],
        weight: &[f32],
        x: &mut [f32],
        workspace: &mut MatmulWorkspace,
        buffers: &mut GroupBuffers,
    ) {
        let [inputs, outputs] = self.whole.units;
        let GroupBuffers { input, output } = buffers;
        input.resize(x.len(), 0.0);
        for group in 0..self.groups {
            let (layer, units) = self.group_layer(group);
            let weight = &weight[units.start * inputs..units.end * inputs];
            layer.input_gradient(slice_columns(gradient, outputs, units, output), weight, input, workspace);
            accumulate(group, input, x);
        }
    }
}

/// The range of `count` items that a group holds. If `groups` does not divide `count`, the first groups hold
/// one more.
pub fn group_range(count: usize, groups: usize, group: usize) -> Range<usize> {
    let start = |group: usize| (count * group).div_ceil(groups);
    start(group)..start(group + 1)
}

fn group_slice(values: &[f32], groups: usize, group: usize) -> &[f32] {
    &values[group_range(values.len(), groups, group)]
}

/// Copies some columns out of rows of length `width`. Returns them without gaps.
fn slice_columns<'a>(
    from: &'a [f32],
    width: usize,
    columns: Range<usize>,
    to: &'a mut Vec<f32>,
) -> &'a [f32] {
    if from.len() == width {
        return &from[columns];
    }
    to.clear();
    for row in from.chunks_exact(width) {
        to.extend_from_slice(&row[columns.clone()]);
    }
    to
}

/// The inverse of [`slice_columns`]: writes columns into rows of length `width`.
fn write_columns(from: &[f32], to: &mut [f32], width: usize, columns: Range<usize>) {
    let rows = to.chunks_exact_mut(width).zip(from.chunks_exact(columns.len().max(1)));
    for (row, from) in rows {
        row[columns.clone()].copy_from_slice(from);
    }
}

/// Adds one group's gradient to the sum. The first group overwrites it.
fn accumulate(group: usize, share: &[f32], sum: &mut [f32]) {
    match group {
        0 => sum.copy_from_slice(share),
        _ => sum.iter_mut().zip(share).for_each(|(sum, share)| *sum += share),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Small integers: their sums are exact in any order.
    fn values(length: usize, seed: usize) -> Vec<f32> {
        (0..length).map(|i| ((i * 7919 + seed * 104_729) % 7) as f32 - 3.0).collect()
    }

    /// The weights of a grouped convolution as those of a dense one, with zeros where a group reads nothing.
    fn dense_weight(conv: &GroupedConv2d, weight: &[f32]) -> Vec<f32> {
        let ([inputs, outputs], taps) = (conv.whole.channels, conv.whole.kernel.iter().product::<usize>());
        let group_inputs = inputs / conv.groups;
        let mut dense = vec![0.0; outputs * inputs * taps];
        for out in 0..outputs {
            let group = out * conv.groups / outputs;
            for i in 0..group_inputs {
                let (from, to) =
                    ((out * group_inputs + i) * taps, (out * inputs + group * group_inputs + i) * taps);
                dense[to..to + taps].copy_from_slice(&weight[from..from + taps]);
            }
        }
        dense
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn grouped_convolution_equals_dense_convolution(
            batch_size in 1usize..4, channels in [1usize..4, 1usize..5], groups in 1usize..4, split_input: bool,
            side in 3usize..7, kernel in 1usize..4, padding in 0usize..2,
        ) {
            let channels = channels.map(|n| n * groups);
            let padding = padding.min(kernel - 1);
            let whole = Conv2d {
                batch_size, channels, input: [side; 2], kernel: [kernel; 2], stride: [1; 2], padding: [padding; 2],
            };
            let conv = GroupedConv2d { whole, groups, split_input };
            let taps = kernel * kernel;
            let x = values(batch_size * channels[0] * side * side, 1);
            let weight = values(channels[1] * conv.group_conv().channels[0] * taps, 2);
            let bias = values(channels[1], 3);
            let dense = if split_input { dense_weight(&conv, &weight) } else { weight.clone() };
            let gradient = values(batch_size * conv.output_len(), 4);
            let (mut workspace, mut buffers) = (Workspace::default(), GroupBuffers::default());
            let mut out = [vec![f32::NAN; gradient.len()], vec![f32::NAN; gradient.len()]];
            conv.forward(&x, &weight, &bias, &mut out[0], &mut workspace, &mut buffers);
            whole.forward(&x, &dense, Some(&bias), &mut out[1], &mut workspace);
            prop_assert_eq!(&out[0], &out[1]);
            let mut grad_x = [vec![f32::NAN; x.len()], vec![f32::NAN; x.len()]];
            conv.input_gradient(&gradient, &weight, &mut grad_x[0], &mut workspace, &mut buffers);
            whole.input_gradient(&gradient, &dense, &mut grad_x[1], &mut workspace);
            prop_assert_eq!(&grad_x[0], &grad_x[1]);
            let (mut grad_weight, mut dense_grad_weight) = (vec![f32::NAN; weight.len()], vec![f32::NAN; dense.len()]);
            conv.weight_gradient(&x, &gradient, &mut grad_weight, &mut workspace, &mut buffers);
            whole.weight_gradient(&x, &gradient, &mut dense_grad_weight, &mut workspace);
            if split_input {
                // Keep only the weights that the grouped convolution has.
                let ones = dense_weight(&conv, &vec![1.0; grad_weight.len()]);
                dense_grad_weight = dense_grad_weight.iter().zip(ones).filter(|(_, layer)| *layer == 1.0).map(|(w, _)| *w).collect();
            }
            prop_assert_eq!(grad_weight, dense_grad_weight);
        }

        #[test]
        fn grouped_linear_equals_linear(
            batch_size in 1usize..12, units in [1usize..30, 3usize..20], groups in 1usize..4,
        ) {
            let whole = Linear { batch_size, units };
            let layer = GroupedLinear { whole, groups };
            let [inputs, outputs] = units;
            let (x, weight) = (values(batch_size * inputs, 1), values(outputs * inputs, 2));
            let (bias, gradient) = (values(outputs, 3), values(batch_size * outputs, 4));
            let (mut workspace, mut buffers) = (MatmulWorkspace::default(), GroupBuffers::default());
            let blank = || [gradient.len(), weight.len(), x.len()].map(|length| vec![f32::NAN; length]);
            let (mut results, mut expected) = (blank(), blank());
            layer.forward(&x, &weight, &bias, &mut results[0], &mut workspace, &mut buffers);
            layer.weight_gradient(&x, &gradient, &mut results[1], &mut workspace, &mut buffers);
            layer.input_gradient(&gradient, &weight, &mut results[2], &mut workspace, &mut buffers);
            whole.forward(&x, &weight, Some(&bias), &mut expected[0], &mut workspace);
            whole.weight_gradient(&x, &gradient, &mut expected[1], &mut workspace);
            whole.input_gradient(&gradient, &weight, &mut expected[2], &mut workspace);
            prop_assert_eq!(results, expected);
        }
    }

    #[test]
    fn group_ranges_are_consecutive() {
        assert_eq!([0, 1, 2].map(|group| group_range(10, 3, group)), [0..4, 4..7, 7..10]);
        assert_eq!([0, 1].map(|group| group_range(7, 2, group)), [0..4, 4..7]);
    }
}
