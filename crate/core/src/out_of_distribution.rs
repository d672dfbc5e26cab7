//! Pictures unlike everything that a network was trained on.
//!
//! A softmax always names one of its classes. The logits tell more: for a picture that fits no class they are all
//! small. Their energy, the logarithm of the sum of their exponentials (Liu, Wang, Owens and Li, “Energy-based
//! Out-of-distribution Detection”, 2020, with the sign turned), is high for pictures like those of training.

use std::cmp::Ordering;

/// logsumexp of one row of logits: the higher, the more a picture is like those that the network knows.
pub fn energy_score(logits: &[f32]) -> f32 {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if !highest.is_finite() {
        return highest;
    }
    let sum: f64 = logits.iter().map(|&z| f64::from(z - highest).exp()).sum();
    (f64::from(highest) + sum.ln()) as f32
}

/// The largest logit of one row: a simpler score, which [`energy_score`] is compared with.
pub fn max_logit(logits: &[f32]) -> f32 {
    logits.iter().copied().fold(f32::NEG_INFINITY, f32::max)
}

/// The score below which a share of `false_alarms` of these lies: those of pictures that a network knows.
/// Without scores it is minus infinity, below which nothing lies.
pub fn threshold(scores: &[f32], false_alarms: f64) -> f32 {
    let mut sorted = scores.to_vec();
    sorted.sort_by(f32::total_cmp);
    let place = (false_alarms.clamp(0.0, 1.0) * scores.len() as f64).floor() as usize;
    sorted.get(place).or(sorted.last()).copied().unwrap_or(f32::NEG_INFINITY)
}

/// Share of scores below a threshold: of pictures that a network knows the false alarms, of others the detections.
pub fn share_below(scores: &[f32], threshold: f32) -> f64 {
    scores.iter().filter(|score| **score < threshold).count() as f64 / scores.len().max(1) as f64
}

/// Area under the ROC curve: how often a picture that the network knows has a higher score than one that it does
/// not know. Equal scores count half; 0.5 is chance.
pub fn auroc(known: &[f32], unknown: &[f32]) -> f64 {
    let mut sorted = unknown.to_vec();
    sorted.sort_by(f32::total_cmp);
    let wins: f64 = known
        .iter()
        .map(|score| {
            let below = sorted.partition_point(|other| other.total_cmp(score) == Ordering::Less);
            let up_to = sorted.partition_point(|other| other.total_cmp(score) != Ordering::Greater);
            (below + up_to) as f64 / 2.0
        })
        .sum();
    wins / (known.len().max(1) as f64 * unknown.len().max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_energy_is_the_logarithm_of_the_summed_exponentials() {
        // ln(1 + 2 + 3) = 1.791759; shifted by 5, and too large for a naive sum.
        let row = [0.0, 2f32.ln(), 3f32.ln()];
        assert!((energy_score(&row) - 1.791_759).abs() < 1e-5);
        assert!((energy_score(&row.map(|z| z + 5.0)) - 6.791_759).abs() < 1e-5);
        assert!((energy_score(&[1000.0, 1000.0]) - 1000.693_1).abs() < 1e-3);
        assert_eq!(energy_score(&[]), f32::NEG_INFINITY);
        assert_eq!(max_logit(&row), 3f32.ln());
    }

    #[test]
    fn so_many_lie_below_the_threshold() {
        let scores: Vec<f32> = (0..200).rev().map(|score| score as f32).collect();
        let found = threshold(&scores, 0.05);
        assert_eq!(found, 10.0);
        assert_eq!(share_below(&scores, found), 0.05);
        assert_eq!(share_below(&scores, threshold(&scores, 0.0)), 0.0);
        assert_eq!(share_below(&[1.0], threshold(&[], 0.05)), 0.0);
    }

    #[test]
    fn the_area_is_the_share_of_pairs_in_order() {
        assert_eq!(auroc(&[3.0, 4.0], &[1.0, 2.0]), 1.0);
        assert_eq!(auroc(&[1.0, 2.0], &[3.0, 4.0]), 0.0);
        // (2 > 1), (2 = 2), (3 > 1), (3 > 2): 3.5 of 4.
        assert_eq!(auroc(&[2.0, 3.0], &[1.0, 2.0]), 0.875);
    }
}
