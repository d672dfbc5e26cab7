//! The shape of a convolution, and padding.

/// The shape of a 2D convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv2d {
    /// Number of samples in the batch.
    pub batch_size: usize,
    /// Input and output channels.
    pub channels: [usize; 2],
    /// Height and width of the input, in pixels.
    pub input: [usize; 2],
    /// Height and width of the kernel, in pixels.
    pub kernel: [usize; 2],
    /// Vertical and horizontal stride, in pixels.
    pub stride: [usize; 2],
    /// Rows and columns of zeros added on each side. Must be smaller than the kernel.
    pub padding: [usize; 2],
}

impl Conv2d {
    /// Height and width of the output, in pixels.
    pub fn output(&self) -> [usize; 2] {
        [0, 1].map(|d| (self.input[d] + 2 * self.padding[d] - self.kernel[d]) / self.stride[d] + 1)
    }
}

pub(crate) fn area([height, width]: [usize; 2]) -> usize {
    height * width
}

/// Values allocated beyond the last padded plane, so that whole SIMD vectors can be read there.
const SLACK: usize = 64;

/// Copies planes of `size` into zeroed planes of `padded_size`, starting at `before`, with `stride` between
/// values (dilation). Values that would fall outside are dropped.
pub(crate) fn pad_and_dilate(
    from: &[f32],
    planes: usize,
    size: [usize; 2],
    padded_size: [usize; 2],
    before: [usize; 2],
    stride: [usize; 2],
    to: &mut Vec<f32>,
) {
    to.clear();
    to.resize(planes * area(padded_size) + SLACK, 0.0);
    for (from, to) in from.chunks_exact(area(size)).zip(to.chunks_exact_mut(area(padded_size))) {
        for (y, row) in from.chunks_exact(size[1]).enumerate() {
            let start = (before[0] + y * stride[0]) * padded_size[1] + before[1];
            if stride[1] == 1 {
                to[start..start + row.len()].copy_from_slice(row);
            } else {
                to[start..].iter_mut().step_by(stride[1]).zip(row).for_each(|(to, value)| *to = *value);
            }
        }
    }
}
