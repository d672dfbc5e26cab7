//! Cross-entropy with label smoothing: on the device for the gradients, on the host for the reported loss.

use burn::tensor::{Device, Tensor, activation};

use crate::params::upload;

/// The target distributions of a batch, `[batch, classes]` on the host: `1 − smoothing` on the label plus
/// `smoothing / classes` everywhere (`torch.nn.CrossEntropyLoss(label_smoothing=…)`).
///
/// With [`crate::data::cutmix`] a sample contains a part of the next sample. `own_fraction` is then the fraction of
/// each sample that is its own, and the label is shared with the next one's in that proportion. Without
/// CutMix it is empty.
pub fn targets(labels: &[u32], own_fraction: &[f32], classes: usize, smoothing: f64) -> Vec<f32> {
    let mut values = vec![(smoothing / classes.max(1) as f64) as f32; labels.len() * classes];
    let others = labels.iter().cycle().skip(1);
    let own_fraction = own_fraction.iter().copied().chain(std::iter::repeat(1.0));
    for (((row, &label), &other), own_fraction) in
        values.chunks_mut(classes.max(1)).zip(labels).zip(others).zip(own_fraction)
    {
        for (label, share) in [(label, own_fraction), (other, 1.0 - own_fraction)] {
            if let Some(value) = row.get_mut(label as usize) {
                *value += (1.0 - smoothing) as f32 * share;
            }
        }
    }
    values
}

/// Mean over the batch of `−Σ target · log softmax(logits)`.
pub fn cross_entropy(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    let [batch, _] = logits.dims();
    (activation::log_softmax(logits, 1) * targets).sum() / -(batch.max(1) as f32)
}

/// Uploads the [`targets`] of a batch.
pub fn upload_targets(
    labels: &[u32],
    own_fraction: &[f32],
    classes: usize,
    smoothing: f64,
    device: &Device,
) -> Tensor<2> {
    let values = targets(labels, own_fraction, classes, smoothing);
    upload(values, [labels.len(), classes], device)
}

/// The same loss from logits on the host, in f64, summed over the batch.
pub fn cross_entropy_sum(logits: &[f32], labels: &[u32], classes: usize, smoothing: f64) -> f64 {
    let mut sum = 0.0;
    for (row, &label) in logits.chunks(classes.max(1)).zip(labels) {
        let highest = row.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
        // `max` skips NaN, but the sum below does not: a row with NaN gives NaN.
        let log_sum =
            row.iter().map(|&x| f64::from(x - highest).exp()).sum::<f64>().ln() + f64::from(highest);
        let label_loss = row.get(label as usize).map_or(f64::NAN, |&x| log_sum - f64::from(x));
        let mean_loss = row.iter().map(|&x| log_sum - f64::from(x)).sum::<f64>() / row.len() as f64;
        sum += (1.0 - smoothing) * label_loss + if smoothing > 0.0 { smoothing * mean_loss } else { 0.0 };
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_device_agree() {
        let logits = [2.0f32, -1.0, 0.5, 0.0, 3.0, -2.0];
        let labels = [0, 2];
        let device = Device::flex();
        for smoothing in [0.0, 0.1] {
            let on_device = cross_entropy(
                upload(logits.to_vec(), [2, 3], &device),
                upload_targets(&labels, &[], 3, smoothing, &device),
            );
            let on_host = cross_entropy_sum(&logits, &labels, 3, smoothing) / 2.0;
            let on_device: f32 = on_device.into_scalar();
            assert!((f64::from(on_device) - on_host).abs() < 1e-6, "{on_device} {on_host}");
        }
    }

    #[test]
    fn cutmix_targets_hold_both_classes_in_proportion() {
        let close = |a: Vec<f32>, b: [f32; 9]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6);
        let own_fraction = [0.75, 1.0, 0.5];
        assert!(close(
            targets(&[0, 1, 2], &own_fraction, 3, 0.0),
            [0.75, 0.25, 0.0, 0.0, 1.0, 0.0, 0.5, 0.0, 0.5]
        ));
        let all: Vec<f32> = targets(&[0, 1, 2], &own_fraction, 3, 0.1);
        assert!(all.chunks(3).all(|row| (row.iter().sum::<f32>() - 1.0).abs() < 1e-6), "{all:?}");
        assert_eq!(targets(&[1, 0], &[], 3, 0.1), targets(&[1, 0], &[1.0, 1.0], 3, 0.1));
    }

    #[test]
    fn nan_logits_give_nan_loss() {
        assert!(cross_entropy_sum(&[f32::NAN, 1.0], &[1], 2, 0.0).is_nan());
    }
}
