//! Pictures unlike everything that a network was trained on.
//!
//! A softmax always names one of its classes. The logits tell more: for a picture that fits no class they are all
//! small. Their energy, the logarithm of the sum of their exponentials (Liu, Wang, Owens and Li, “Energy-based
//! Out-of-distribution Detection”, 2020, with the sign turned), is high for pictures like those of training.
//!
//! Pictures that are no photographs can have a high energy score all the same: a network has never learned what noise
//! is. Three statistics of the pixels tell those: contrast, roughness, flatness.

use std::cmp::Ordering;

use crate::data::Image;
use crate::protocol::OutOfDistribution;

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

/// Statistics of a picture's brightness, 0 to 255.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PictureStatistics {
    /// Its standard deviation: 0 for a plain colour.
    pub contrast: f32,
    /// Mean difference of neighbouring pixels, in parts of the contrast (and one level, which keeps a plain colour's
    /// at 0): small for a gradient, large for noise.
    pub roughness: f32,
    /// Share of neighbours that differ by less than one level: large for a drawing on white.
    pub flatness: f32,
}

/// The statistics of a picture, as the network sees it.
pub fn picture_statistics(picture: &Image) -> PictureStatistics {
    let brightness: Vec<f32> =
        picture.rgb.as_chunks::<3>().0.iter().map(|&[r, g, b]| luminance(r, g, b)).collect();
    let width = picture.width as usize;
    if width == 0 || brightness.is_empty() {
        return PictureStatistics::default();
    }
    let count = brightness.len() as f64;
    let mean = brightness.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
    let contrast = (brightness.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / count).sqrt();
    let (mut sum, mut flat, mut pairs) = (0.0f64, 0u32, 0u32);
    let mut pair = |one: f32, other: f32| {
        let difference = (one - other).abs();
        sum += f64::from(difference);
        flat += u32::from(difference < 1.0);
        pairs += 1;
    };
    for row in brightness.chunks(width) {
        row.windows(2).for_each(|beside| pair(beside[0], beside[1]));
    }
    brightness.iter().zip(brightness.iter().skip(width)).for_each(|(above, below)| pair(*above, *below));
    let pairs = f64::from(pairs.max(1));
    PictureStatistics {
        contrast: contrast as f32,
        roughness: (sum / pairs / (contrast + 1.0)) as f32,
        flatness: (f64::from(flat) / pairs) as f32,
    }
}

/// Brightness as the eye weighs the colours (Rec. 601).
fn luminance(red: u8, green: u8, blue: u8) -> f32 {
    0.299 * f32::from(red) + 0.587 * f32::from(green) + 0.114 * f32::from(blue)
}

/// Whether a picture may show something that a network does not know, by its energy score and its pixels.
pub fn is_unknown(known: &OutOfDistribution, energy: f32, picture: &PictureStatistics) -> bool {
    let [smooth, rough] = known.roughness;
    energy < known.energy
        || picture.contrast < known.contrast
        || !(smooth..=rough).contains(&picture.roughness)
        || picture.flatness > known.flatness
}

/// Share of the false alarms that the energy score may cause; the rest is for the statistics, a quarter for each of
/// their four bounds.
const ENERGY_SHARE: f64 = 0.6;

/// Bounds that call about a share of `false_alarms` of these pictures unknown: their energy scores and statistics.
pub fn fit(energies: &[f32], pictures: &[PictureStatistics], false_alarms: f64) -> OutOfDistribution {
    let each = false_alarms * (1.0 - ENERGY_SHARE) / 4.0;
    let bound = |of: fn(&PictureStatistics) -> f32, sign: f32| {
        let values: Vec<f32> = pictures.iter().map(|picture| sign * of(picture)).collect();
        sign * threshold(&values, each)
    };
    let mut known = OutOfDistribution {
        energy: threshold(energies, false_alarms * ENERGY_SHARE),
        contrast: bound(|picture| picture.contrast, 1.0),
        roughness: [bound(|picture| picture.roughness, 1.0), bound(|picture| picture.roughness, -1.0)],
        flatness: bound(|picture| picture.flatness, -1.0),
        false_alarms: 0.0,
    };
    known.false_alarms = unknown_share(&known, energies, pictures) as f32;
    known
}

/// Share of pictures that are called unknown.
pub fn unknown_share(known: &OutOfDistribution, energies: &[f32], pictures: &[PictureStatistics]) -> f64 {
    let unknown =
        energies.iter().zip(pictures).filter(|(energy, picture)| is_unknown(known, **energy, picture));
    unknown.count() as f64 / energies.len().max(1) as f64
}

/// The score below which a share of `false_alarms` of these lies: those of pictures that a network knows.
/// Without scores it is minus infinity, below which nothing lies.
pub fn threshold(scores: &[f32], false_alarms: f64) -> f32 {
    let mut sorted = scores.to_vec();
    sorted.sort_by(f32::total_cmp);
    // A product such as 0.03 × 1000 may come out just below the whole number.
    let place = (false_alarms.clamp(0.0, 1.0) * scores.len() as f64 + 1e-9).floor() as usize;
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
        assert!((energy_score(&[1000.0, 1000.0]) - 1000.6931).abs() < 1e-3);
        assert_eq!(energy_score(&[]), f32::NEG_INFINITY);
        assert_eq!(max_logit(&row), 3f32.ln());
    }

    /// 4 × 4 pixels of grey.
    fn picture(grey: impl Fn(u32, u32) -> u8) -> PictureStatistics {
        let rgb = (0..16).flat_map(|i| [grey(i % 4, i / 4); 3]).collect();
        picture_statistics(&Image { width: 4, height: 4, rgb })
    }

    #[test]
    fn statistics_are_those_worked_out_by_hand() {
        let plain = picture(|_, _| 90);
        assert_eq!((plain.contrast, plain.roughness, plain.flatness), (0.0, 0.0, 1.0));
        // Halves of 0 and 100: the deviation is 50; of 24 pairs the 4 across the border differ, by 100.
        let halves = picture(|x, _| if x < 2 { 0 } else { 100 });
        assert!((halves.contrast - 50.0).abs() < 1e-3, "{halves:?}");
        assert!((halves.roughness - 400.0 / 24.0 / 51.0).abs() < 1e-4, "{halves:?}");
        assert!((halves.flatness - 20.0 / 24.0).abs() < 1e-6, "{halves:?}");
        let checkered = picture(|x, y| if (x + y) % 2 == 0 { 0 } else { 100 });
        assert!(
            (checkered.roughness - 100.0 / 51.0).abs() < 1e-4 && checkered.flatness == 0.0,
            "{checkered:?}"
        );
        assert_eq!(
            picture_statistics(&Image { width: 0, height: 0, rgb: vec![] }),
            PictureStatistics::default()
        );
    }

    #[test]
    fn each_bound_calls_a_picture_unknown() {
        let within = PictureStatistics { contrast: 50.0, roughness: 0.2, flatness: 0.1 };
        let known = OutOfDistribution {
            energy: 3.0,
            contrast: 10.0,
            roughness: [0.1, 0.5],
            flatness: 0.6,
            false_alarms: 0.05,
        };
        assert!(!is_unknown(&known, 3.0, &within));
        assert!(is_unknown(&known, 2.9, &within));
        for other in [
            PictureStatistics { contrast: 9.0, ..within },
            PictureStatistics { roughness: 0.09, ..within },
            PictureStatistics { roughness: 0.51, ..within },
            PictureStatistics { flatness: 0.61, ..within },
        ] {
            assert!(is_unknown(&known, 3.0, &other), "{other:?}");
        }
    }

    #[test]
    fn bounds_call_no_more_unknown_than_they_may() {
        let spread = |i: u32, by: u32| ((i * by) % 1000) as f32 / 1000.0;
        let energies: Vec<f32> = (0..1000).map(|i| spread(i, 7)).collect();
        let pictures: Vec<PictureStatistics> = (0..1000)
            .map(|i| PictureStatistics {
                contrast: spread(i, 11),
                roughness: spread(i, 13),
                flatness: spread(i, 17),
            })
            .collect();
        let known = fit(&energies, &pictures, 0.05);
        assert_eq!((known.energy, known.contrast), (0.03, 0.005));
        assert!(known.false_alarms > 0.03 && known.false_alarms <= 0.05, "{known:?}");
        assert_eq!(unknown_share(&known, &energies, &pictures) as f32, known.false_alarms);
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
