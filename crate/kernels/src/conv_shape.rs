//! The shape of a convolution, and maps padded for it.

/// The shape of a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv2d {
    /// Images in a batch.
    pub images: usize,
    /// Channels that come in and go out.
    pub channels: [usize; 2],
    /// Height and width of the maps that come in, in pixels.
    pub input: [usize; 2],
    /// Height and width of the kernel, in pixels.
    pub kernel: [usize; 2],
    /// Steps of the kernel, in pixels.
    pub stride: [usize; 2],
    /// Rows and columns of zeros added on each side; fewer than the kernel has.
    pub padding: [usize; 2],
}

impl Conv2d {
    /// Height and width of the maps that go out.
    pub fn output(&self) -> [usize; 2] {
        [0, 1].map(|d| (self.input[d] + 2 * self.padding[d] - self.kernel[d]) / self.stride[d] + 1)
    }
}

pub(crate) fn area([height, width]: [usize; 2]) -> usize {
    height * width
}

/// Values beyond the end of a padded map, so that whole vectors can be read up to there.
const SLACK: usize = 64;

/// Copies planes into larger ones of zeros, from `before` on, `stride` apart; what would stick out is left out.
pub(crate) fn spread(
    from: &[f32],
    planes: usize,
    side: [usize; 2],
    into: [usize; 2],
    before: [usize; 2],
    stride: [usize; 2],
    to: &mut Vec<f32>,
) {
    to.clear();
    to.resize(planes * area(into) + SLACK, 0.0);
    for (from, to) in from.chunks_exact(area(side)).zip(to.chunks_exact_mut(area(into))) {
        for (y, row) in from.chunks_exact(side[1]).enumerate() {
            let start = (before[0] + y * stride[0]) * into[1] + before[1];
            if stride[1] == 1 {
                to[start..start + row.len()].copy_from_slice(row);
            } else {
                to[start..].iter_mut().step_by(stride[1]).zip(row).for_each(|(to, value)| *to = *value);
            }
        }
    }
}
