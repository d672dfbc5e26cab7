//! Mean and standard deviation of a data set's pixels.

/// For each channel of `[…, 3]` bytes, as values between 0 and 1. The sums are integers, so the result is the same on
/// every machine. The standard deviation is at least 0.01.
pub(super) fn of(pixels: &[u8]) -> ([f32; 3], [f32; 3]) {
    let (mut sums, mut squares) = ([0u64; 3], [0u64; 3]);
    for pixel in pixels.as_chunks::<3>().0 {
        for ((sum, square), value) in sums.iter_mut().zip(&mut squares).zip(pixel) {
            *sum += u64::from(*value);
            *square += u64::from(*value) * u64::from(*value);
        }
    }
    let count = (pixels.len() / 3).max(1) as f64 * 255.0;
    let mean = sums.map(|sum| sum as f64 / count);
    let square = squares.map(|square| square as f64 / (count * 255.0));
    let std = std::array::from_fn(|c| (square[c] - mean[c] * mean[c]).max(0.0).sqrt().max(0.01) as f32);
    (mean.map(|mean| mean as f32), std)
}

#[cfg(test)]
mod tests {
    #[test]
    fn mean_and_deviation() {
        let (mean, std) = super::of(&[0, 255, 51, 255, 255, 51]);
        assert_eq!(mean, [0.5, 1.0, 0.2]);
        assert_eq!(std, [0.5, 0.01, 0.01]);
    }
}
