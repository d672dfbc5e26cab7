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
    left: Vec<f32>,
    right: Vec<f32>,
}

/// A convolution in groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupedConv2d {
    /// The shape of all groups together.
    pub whole: Conv2d,
    /// Number of groups. Must divide the output channels, and with `split_input` the input channels too.
    pub towers: usize,
    /// Whether each group reads only its slice of the input channels (PyTorch's `groups`), or all of them.
    pub apart: bool,
}

impl GroupedConv2d {
    /// The convolution that one group computes.
    ///
    /// # Panics
    /// If the number of groups does not divide the channels.
    fn one(&self) -> Conv2d {
        let [incoming, outgoing] = self.whole.channels;
        let part = if self.apart { self.towers } else { 1 };
        assert!(incoming.is_multiple_of(part) && outgoing.is_multiple_of(self.towers), "whole towers");
        Conv2d { channels: [incoming / part, outgoing / self.towers], ..self.whole }
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
        work: &mut Workspace,
        parts: &mut GroupBuffers,
    ) {
        let one = self.one();
        let GroupBuffers { left, right } = parts;
        right.resize(out.len() / self.towers, 0.0);
        for tower in 0..self.towers {
            let x = self.incoming(x, tower, left);
            let (weight, bias) = (nth(weight, self.towers, tower), nth(bias, self.towers, tower));
            one.forward(x, weight, Some(bias), right, work);
            let width = self.width_out();
            place(right, out, width, group_range(width, self.towers, tower));
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
        work: &mut Workspace,
        parts: &mut GroupBuffers,
    ) {
        let one = self.one();
        let GroupBuffers { left, right } = parts;
        let length = weight.len() / self.towers;
        for (tower, weight) in weight.chunks_exact_mut(length.max(1)).enumerate() {
            let x = self.incoming(x, tower, left);
            let width = self.width_out();
            one.weight_gradient(
                x,
                cut(gradient, width, group_range(width, self.towers, tower), right),
                weight,
                work,
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
        work: &mut Workspace,
        parts: &mut GroupBuffers,
    ) {
        let one = self.one();
        let GroupBuffers { left, right } = parts;
        left.resize(if self.apart { x.len() / self.towers } else { x.len() }, 0.0);
        for tower in 0..self.towers {
            let width = self.width_out();
            let gradient = cut(gradient, width, group_range(width, self.towers, tower), right);
            one.input_gradient(gradient, nth(weight, self.towers, tower), left, work);
            if self.apart {
                let width = self.width_in();
                place(left, x, width, group_range(width, self.towers, tower));
            } else {
                gather(tower, left, x);
            }
        }
    }

    fn width_in(&self) -> usize {
        self.whole.channels[0] * self.whole.input.iter().product::<usize>()
    }

    fn width_out(&self) -> usize {
        self.whole.channels[1] * self.whole.output().iter().product::<usize>()
    }

    /// The input of one group.
    fn incoming<'a>(&self, x: &'a [f32], tower: usize, to: &'a mut Vec<f32>) -> &'a [f32] {
        match self.apart {
            true => cut(x, self.width_in(), group_range(self.width_in(), self.towers, tower), to),
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
    pub towers: usize,
}

impl GroupedLinear {
    /// The layer that one group computes, and its range of units.
    fn one(&self, tower: usize) -> (Linear, Range<usize>) {
        let [incoming, outgoing] = self.whole.units;
        let units = group_range(outgoing, self.towers, tower);
        (Linear { units: [incoming, units.len()], ..self.whole }, units)
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
        scratch: &mut MatmulWorkspace,
        parts: &mut GroupBuffers,
    ) {
        let [incoming, outgoing] = self.whole.units;
        for tower in 0..self.towers {
            let (one, units) = self.one(tower);
            let own = &mut parts.right;
            own.resize(one.images * one.units[1], 0.0);
            let weight = &weight[units.start * incoming..units.end * incoming];
            one.forward(x, weight, Some(&bias[units.clone()]), own, scratch);
            place(own, out, outgoing, units);
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
        scratch: &mut MatmulWorkspace,
        parts: &mut GroupBuffers,
    ) {
        let [incoming, outgoing] = self.whole.units;
        for tower in 0..self.towers {
            let (one, units) = self.one(tower);
            let weight = &mut weight[units.start * incoming..units.end * incoming];
            one.weight_gradient(x, cut(gradient, outgoing, units, &mut parts.right), weight, scratch);
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
        scratch: &mut MatmulWorkspace,
        parts: &mut GroupBuffers,
    ) {
        let [incoming, outgoing] = self.whole.units;
        let GroupBuffers { left, right } = parts;
        left.resize(x.len(), 0.0);
        for tower in 0..self.towers {
            let (one, units) = self.one(tower);
            let weight = &weight[units.start * incoming..units.end * incoming];
            one.input_gradient(cut(gradient, outgoing, units, right), weight, left, scratch);
            gather(tower, left, x);
        }
    }
}

/// The range of `count` items that a group holds. If `groups` does not divide `count`, the first groups hold
/// one more.
pub fn group_range(count: usize, towers: usize, tower: usize) -> Range<usize> {
    let start = |tower: usize| (count * tower).div_ceil(towers);
    start(tower)..start(tower + 1)
}

fn nth(values: &[f32], parts: usize, at: usize) -> &[f32] {
    &values[group_range(values.len(), parts, at)]
}

/// Copies some columns out of rows of length `width`. Returns them without gaps.
fn cut<'a>(from: &'a [f32], width: usize, columns: Range<usize>, to: &'a mut Vec<f32>) -> &'a [f32] {
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
fn place(from: &[f32], to: &mut [f32], width: usize, columns: Range<usize>) {
    let rows = to.chunks_exact_mut(width).zip(from.chunks_exact(columns.len().max(1)));
    for (row, from) in rows {
        row[columns.clone()].copy_from_slice(from);
    }
}

/// Adds one group's gradient to the sum. The first group overwrites it.
fn gather(tower: usize, share: &[f32], sum: &mut [f32]) {
    match tower {
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
    fn widened(conv: &GroupedConv2d, weight: &[f32]) -> Vec<f32> {
        let ([incoming, outgoing], taps) = (conv.whole.channels, conv.whole.kernel.iter().product::<usize>());
        let own = incoming / conv.towers;
        let mut wide = vec![0.0; outgoing * incoming * taps];
        for out in 0..outgoing {
            let tower = out * conv.towers / outgoing;
            for i in 0..own {
                let (from, to) = ((out * own + i) * taps, (out * incoming + tower * own + i) * taps);
                wide[to..to + taps].copy_from_slice(&weight[from..from + taps]);
            }
        }
        wide
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn a_convolution_in_towers_is_the_whole_one(
            images in 1usize..4, channels in [1usize..4, 1usize..5], towers in 1usize..4, apart: bool,
            side in 3usize..7, kernel in 1usize..4, padding in 0usize..2,
        ) {
            let channels = channels.map(|n| n * towers);
            let padding = padding.min(kernel - 1);
            let whole = Conv2d {
                images, channels, input: [side; 2], kernel: [kernel; 2], stride: [1; 2], padding: [padding; 2],
            };
            let conv = GroupedConv2d { whole, towers, apart };
            let taps = kernel * kernel;
            let x = values(images * channels[0] * side * side, 1);
            let weight = values(channels[1] * conv.one().channels[0] * taps, 2);
            let bias = values(channels[1], 3);
            let wide = if apart { widened(&conv, &weight) } else { weight.clone() };
            let gradient = values(images * conv.width_out(), 4);
            let (mut work, mut parts) = (Workspace::default(), GroupBuffers::default());
            let mut out = [vec![f32::NAN; gradient.len()], vec![f32::NAN; gradient.len()]];
            conv.forward(&x, &weight, &bias, &mut out[0], &mut work, &mut parts);
            whole.forward(&x, &wide, Some(&bias), &mut out[1], &mut work);
            prop_assert_eq!(&out[0], &out[1]);
            let mut by_x = [vec![f32::NAN; x.len()], vec![f32::NAN; x.len()]];
            conv.input_gradient(&gradient, &weight, &mut by_x[0], &mut work, &mut parts);
            whole.input_gradient(&gradient, &wide, &mut by_x[1], &mut work);
            prop_assert_eq!(&by_x[0], &by_x[1]);
            let (mut own, mut of_wide) = (vec![f32::NAN; weight.len()], vec![f32::NAN; wide.len()]);
            conv.weight_gradient(&x, &gradient, &mut own, &mut work, &mut parts);
            whole.weight_gradient(&x, &gradient, &mut of_wide, &mut work);
            if apart {
                // Keep only the weights that the grouped convolution has.
                let ones = widened(&conv, &vec![1.0; own.len()]);
                of_wide = of_wide.iter().zip(ones).filter(|(_, one)| *one == 1.0).map(|(w, _)| *w).collect();
            }
            prop_assert_eq!(own, of_wide);
        }

        #[test]
        fn a_connected_layer_in_towers_is_the_whole_one(
            images in 1usize..12, units in [1usize..30, 3usize..20], towers in 1usize..4,
        ) {
            let whole = Linear { images, units };
            let layer = GroupedLinear { whole, towers };
            let [incoming, outgoing] = units;
            let (x, weight) = (values(images * incoming, 1), values(outgoing * incoming, 2));
            let (bias, gradient) = (values(outgoing, 3), values(images * outgoing, 4));
            let (mut scratch, mut parts) = (MatmulWorkspace::default(), GroupBuffers::default());
            let blank = || [gradient.len(), weight.len(), x.len()].map(|length| vec![f32::NAN; length]);
            let (mut own, mut expected) = (blank(), blank());
            layer.forward(&x, &weight, &bias, &mut own[0], &mut scratch, &mut parts);
            layer.weight_gradient(&x, &gradient, &mut own[1], &mut scratch, &mut parts);
            layer.input_gradient(&gradient, &weight, &mut own[2], &mut scratch, &mut parts);
            whole.forward(&x, &weight, Some(&bias), &mut expected[0], &mut scratch);
            whole.weight_gradient(&x, &gradient, &mut expected[1], &mut scratch);
            whole.input_gradient(&gradient, &weight, &mut expected[2], &mut scratch);
            prop_assert_eq!(own, expected);
        }
    }

    #[test]
    fn parts_follow_one_another() {
        assert_eq!([0, 1, 2].map(|tower| group_range(10, 3, tower)), [0..4, 4..7, 7..10]);
        assert_eq!([0, 1].map(|tower| group_range(7, 2, tower)), [0..4, 4..7]);
    }
}
