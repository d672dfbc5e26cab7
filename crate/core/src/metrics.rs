//! Accuracy, top-k and softmax on the host.

/// How many classes of a row rank above the label (ties: the lower index ranks higher). `None` if the row
/// holds a NaN or the label is out of range.
fn rank(row: &[f32], label: u32) -> Option<usize> {
    let own = *row.get(label as usize)?;
    if row.iter().any(|x| x.is_nan()) {
        return None;
    }
    Some(row.iter().enumerate().filter(|&(i, &x)| x > own || (x == own && i < label as usize)).count())
}

/// Number of rows whose label is the top class, and number of rows whose label is in the top 5.
pub fn correct_counts(logits: &[f32], labels: &[u32], classes: usize) -> (u32, u32) {
    let ranks = logits.chunks(classes.max(1)).zip(labels).filter_map(|(row, &label)| rank(row, label));
    ranks.fold((0, 0), |(one, five), rank| (one + u32::from(rank < 1), five + u32::from(rank < 5)))
}

/// The indices and values of the `k` largest probabilities, largest first. Ties: the lower index first.
pub fn top_k(probabilities: &[f32], k: usize) -> Vec<(usize, f32)> {
    let mut order: Vec<(usize, f32)> = probabilities.iter().copied().enumerate().collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    order.truncate(k);
    order
}

/// Softmax of one row, in f64.
pub fn softmax(logits: &[f32]) -> Vec<f32> {
    let highest = logits.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
    let exp: Vec<f64> = logits.iter().map(|&x| f64::from(x - highest).exp()).collect();
    let sum: f64 = exp.iter().sum();
    exp.into_iter().map(|e| (e / sum) as f32).collect()
}

/// The mean over rows of their softmax.
pub fn mean_softmax(logits: &[f32], classes: usize) -> Vec<f32> {
    let rows = logits.chunks(classes.max(1));
    let share = 1.0 / rows.len().max(1) as f32;
    let mut mean = vec![0.0; classes];
    for row in rows {
        mean.iter_mut().zip(softmax(row)).for_each(|(mean, p)| *mean += p * share);
    }
    mean
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn counts_top1_and_top5() {
        let logits = [0.1, 0.9, 0.0, 0.2, 0.3, 0.4, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(correct_counts(&logits, &[1, 5], 6), (1, 1));
        assert_eq!(correct_counts(&logits, &[0, 0], 6), (1, 2));
        assert_eq!(correct_counts(&[f32::NAN, 1.0], &[1], 2), (0, 0));
    }

    #[test]
    fn probabilities_are_averaged_not_logits() {
        let mean = mean_softmax(&[9.0, 9.0, 0.0, f32::NEG_INFINITY], 2);
        assert_eq!(mean, [0.75, 0.25]);
        assert_eq!(mean_softmax(&[0.3, -1.0, 2.0], 3), softmax(&[0.3, -1.0, 2.0]));
    }

    proptest! {
        #[test]
        fn softmax_sums_to_one_and_top_k_is_sorted(logits in proptest::collection::vec(-50f32..50.0, 1..40)) {
            let p = softmax(&logits);
            prop_assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-4);
            let top = top_k(&p, 5);
            prop_assert_eq!(top.len(), p.len().min(5));
            prop_assert!(top.windows(2).all(|w| w[0].1 >= w[1].1));
        }
    }
}
