//! Ensembles: several networks classify one image and their probabilities are averaged (section 7 of the
//! AlexNet paper).

use crate::classifier::{Classifier, top_predictions};
use crate::data::{Image, normalize, preprocess_image};
use crate::error::LabError;
use crate::metrics::softmax;
use crate::protocol::{ClassLabel, Prediction};

/// The predictions of an ensemble for one image.
#[derive(Debug, Clone)]
pub struct EnsemblePrediction {
    /// Each network's top classes, best first.
    pub each: Vec<Vec<Prediction>>,
    /// The top classes by the mean of the probabilities.
    pub average: Vec<Prediction>,
}

/// For each class of `labels` its index in `to`, matched by id. `None` if the two lists hold different
/// classes.
pub fn class_indices(labels: &[ClassLabel], to: &[ClassLabel]) -> Option<Vec<usize>> {
    let index = |label: &ClassLabel| to.iter().position(|other| other.id == label.id);
    let indices: Vec<usize> = labels.iter().map(index).collect::<Option<_>>()?;
    let mut seen = vec![false; to.len()];
    for &index in &indices {
        if std::mem::replace(seen.get_mut(index)?, true) {
            return None;
        }
    }
    (indices.len() == to.len()).then_some(indices)
}

/// Classifies an image with every network, each with its own preprocessing. Class order and names are those
/// of the first network.
///
/// # Errors
/// [`LabError`] if the networks have different classes, [`LabError::ReadBack`] if the device was lost.
pub async fn predict(
    networks: &[&Classifier],
    image: &Image,
    top: usize,
) -> Result<EnsemblePrediction, LabError> {
    let labels = networks.first().map(|first| first.labels()).unwrap_or_default();
    let mut each = Vec::with_capacity(networks.len());
    let mut sum = vec![0.0f32; labels.len()];
    for network in networks {
        let indices = class_indices(network.labels(), labels).ok_or(LabError::EnsembleClasses)?;
        let preprocess = network.preprocess();
        let crop = preprocess_image(image, &preprocess);
        let logits = network.logits_from_pixels(normalize(&crop.rgb, 1, crop.width, &preprocess), 1).await?;
        let mut probabilities = vec![0.0f32; labels.len()];
        for (index, probability) in indices.into_iter().zip(softmax(&logits)) {
            if let Some(slot) = probabilities.get_mut(index) {
                *slot = probability;
            }
        }
        sum.iter_mut().zip(&probabilities).for_each(|(sum, p)| *sum += p / networks.len() as f32);
        each.push(top_predictions(&probabilities, labels, top));
    }
    Ok(EnsemblePrediction { each, average: top_predictions(&sum, labels, top) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ids: &[&str]) -> Vec<ClassLabel> {
        ids.iter().map(|id| ClassLabel { id: (*id).into(), name: format!("the {id}") }).collect()
    }

    #[test]
    fn class_indices_need_a_match_for_every_class() {
        let to = labels(&["a", "b", "c"]);
        assert_eq!(class_indices(&labels(&["c", "a", "b"]), &to), Some(vec![2, 0, 1]));
        assert_eq!(class_indices(&labels(&["a", "b"]), &to), None);
        assert_eq!(class_indices(&labels(&["a", "b", "d"]), &to), None);
        assert_eq!(class_indices(&labels(&["a", "b", "b"]), &to), None);
    }
}
