//! Maximum over overlapping windows without padding (section 3.4 of the paper), and its gradient.

/// The shape of a pooling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxPool {
    /// Height and width of the maps that come in, in pixels.
    pub input: [usize; 2],
    /// Side of the square window, in pixels; no larger than the maps.
    pub kernel: usize,
    /// Step of the window, in pixels.
    pub stride: usize,
}

impl MaxPool {
    /// Height and width of the maps that go out; a window that would stick out is left out, as in PyTorch.
    pub fn output(&self) -> [usize; 2] {
        self.input.map(|side| (side - self.kernel) / self.stride + 1)
    }

    /// The largest value of each window, the first of equals; NaN where there is one. `place` gets, map by map,
    /// where in the incoming map it stood.
    ///
    /// # Panics
    /// When a slice has another length than its shape.
    pub fn forward(&self, x: &[f32], out: &mut [f32], place: &mut [u32]) {
        let ([height, width], [rows, columns]) = (self.input, self.output());
        assert_eq!(out.len(), place.len(), "a place a value");
        assert_eq!(x.len() / (height * width), out.len() / (rows * columns), "maps");
        let maps = x.chunks_exact(height * width).zip(out.chunks_exact_mut(rows * columns));
        // The largest of each column of a row of windows, and where it stands: vectors from left to right.
        let (mut tops, mut places) = (vec![0.0; width], vec![0; width]);
        for ((x, out), place) in maps.zip(place.chunks_exact_mut(rows * columns)) {
            let lines = out.chunks_exact_mut(columns).zip(place.chunks_exact_mut(columns));
            for (y, (out, place)) in lines.enumerate() {
                let first = y * self.stride * width;
                tops.copy_from_slice(&x[first..first + width]);
                places.iter_mut().zip(first as u32..).for_each(|(place, at)| *place = at);
                for start in (1..self.kernel).map(|ky| first + ky * width) {
                    let line = x[start..start + width].iter().zip(start as u32..);
                    for ((top, place), (&value, at)) in tops.iter_mut().zip(&mut places).zip(line) {
                        let better = larger(value, *top);
                        *top = if better { value } else { *top };
                        *place = if better { at } else { *place };
                    }
                }
                for (column, (out, place)) in out.iter_mut().zip(place).enumerate() {
                    let corner = column * self.stride;
                    let (mut best, mut at) = (tops[corner], places[corner]);
                    let window = corner + 1..corner + self.kernel;
                    for (&top, &place) in tops[window.clone()].iter().zip(&places[window]) {
                        let better = larger(top, best) | (!larger(best, top) & (place < at));
                        best = if better { top } else { best };
                        at = if better { place } else { at };
                    }
                    (*out, *place) = (best, at);
                }
            }
        }
    }

    /// The gradient by `x`: each window's goes where its value came from.
    ///
    /// # Panics
    /// When a slice has another length than its shape, or a place lies outside its map.
    pub fn gradient(&self, gradient: &[f32], place: &[u32], x: &mut [f32]) {
        let ([height, width], [rows, columns]) = (self.input, self.output());
        assert_eq!(gradient.len(), place.len(), "a place a value");
        assert_eq!(x.len() / (height * width), gradient.len() / (rows * columns), "maps");
        x.fill(0.0);
        let maps = gradient.chunks_exact(rows * columns).zip(place.chunks_exact(rows * columns));
        for ((gradient, place), x) in maps.zip(x.chunks_exact_mut(height * width)) {
            for (value, place) in gradient.iter().zip(place) {
                x[*place as usize] += value;
            }
        }
    }
}

/// Whether a value is to replace another: a NaN replaces a number, and no number replaces a NaN. Without a branch,
/// since which is the largest cannot be foreseen.
#[inline(always)]
fn larger(value: f32, than: f32) -> bool {
    (value > than) | (value.is_nan() & !than.is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_windows_take_the_first_of_equals_and_send_the_gradient_back_there() {
        let pool = MaxPool { input: [5, 5], kernel: 3, stride: 2 };
        #[rustfmt::skip]
        let x = [
            1., 2., 9., 2., 1.,
            3., 9., 0., 0., 0.,
            0., 0., 4., 0., 7.,
            0., 5., 0., 0., 0.,
            6., 0., 0., 8., 0.,
        ];
        let (mut out, mut place) = ([0.0; 4], [0; 4]);
        pool.forward(&x, &mut out, &mut place);
        assert_eq!((out, place), ([9., 9., 6., 8.], [2, 2, 20, 23]));
        let mut back = [f32::NAN; 25];
        pool.gradient(&[1., 2., 3., 4.], &place, &mut back);
        let mut expected = [0.0; 25];
        (expected[2], expected[20], expected[23]) = (3., 3., 4.);
        assert_eq!(back, expected);
    }

    #[test]
    fn a_value_that_is_no_number_is_not_hidden() {
        let pool = MaxPool { input: [2, 2], kernel: 2, stride: 2 };
        let (mut out, mut place) = ([0.0], [0]);
        pool.forward(&[1.0, f32::NAN, 2.0, 3.0], &mut out, &mut place);
        assert!(out[0].is_nan(), "{out:?}");
    }

    proptest::proptest! {
        #[test]
        fn each_window_gives_its_largest_value_and_where_the_first_of_equals_stands(
            kernel in 1usize..5, stride in 1usize..4, more in [0usize..9, 0usize..9], seed in 0usize..1000,
        ) {
            let pool = MaxPool { input: more.map(|more| kernel + more), kernel, stride };
            let ([height, width], [rows, columns]) = (pool.input, pool.output());
            let x: Vec<f32> = (0..2 * height * width).map(|i| ((i * 7919 + seed * 31) % 5) as f32).collect();
            let (mut out, mut place) = (vec![f32::NAN; 2 * rows * columns], vec![0; 2 * rows * columns]);
            pool.forward(&x, &mut out, &mut place);
            for (at, (out, place)) in out.iter().zip(&place).enumerate() {
                let (map, row, column) = (at / (rows * columns), at / columns % rows, at % columns);
                let window = (0..kernel * kernel)
                    .map(|i| (row * stride + i / kernel) * width + column * stride + i % kernel);
                let value = |place: usize| x[map * height * width + place];
                let best = window.rev().max_by(|a, b| value(*a).total_cmp(&value(*b))).unwrap();
                proptest::prop_assert_eq!((*out, *place as usize), (value(best), best));
            }
        }
    }
}
