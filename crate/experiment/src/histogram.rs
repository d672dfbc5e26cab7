//! Histograms of values.

use alexnet_protocol::Histogram;

/// Counts values in `bins` bins from `from` to `to`. What lies outside, or is infinite, counts in the outer bins; what
/// is not a number is left out.
pub fn histogram(name: &str, values: &[f32], [from, to]: [f32; 2], bins: usize) -> Histogram {
    let mut counts = vec![0u32; bins];
    for value in values.iter().filter(|value| !value.is_nan()) {
        // A cast saturates: below 0 is 0.
        let bin = ((value - from) / (to - from) * bins as f32) as usize;
        if let Some(count) = counts.get_mut(bin.min(bins.saturating_sub(1))) {
            *count += 1;
        }
    }
    Histogram { name: name.into(), from, to, counts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_outside_count_in_the_outer_bins() {
        let values = [-5.0, 0.1, 0.6, 0.9, 7.0, f32::INFINITY, f32::NAN];
        assert_eq!(histogram("", &values, [0.0, 1.0], 2).counts, [2, 4]);
    }
}
