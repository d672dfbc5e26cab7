//! Several networks asked about one picture, and the average of what they say (section 7 of the 2012 paper).

use crate::classifier::{Classifier, top_predictions};
use crate::data::{Image, normalize, preprocess_image};
use crate::error::LabError;
use crate::metrics::softmax;
use crate::protocol::{ClassLabel, Prediction};

/// What several networks take a picture for.
#[derive(Debug, Clone)]
pub struct EnsemblePrediction {
    /// Each network's best guesses, best first.
    pub each: Vec<Vec<Prediction>>,
    /// The best guesses by the mean of their probabilities.
    pub average: Vec<Prediction>,
}

/// For each class of `labels`, its place in `to`, by id; `None` when the two are not the same classes.
pub fn class_indices(labels: &[ClassLabel], to: &[ClassLabel]) -> Option<Vec<usize>> {
    let place = |label: &ClassLabel| to.iter().position(|other| other.id == label.id);
    let places: Vec<usize> = labels.iter().map(place).collect::<Option<_>>()?;
    let mut seen = vec![false; to.len()];
    for &place in &places {
        if std::mem::replace(seen.get_mut(place)?, true) {
            return None;
        }
    }
    (places.len() == to.len()).then_some(places)
}

/// Asks every network about a picture, each through its own preprocessing; the classes are in the first one's order,
/// under its names.
///
/// # Errors
/// [`LabError`] when a network knows other classes than the first, or when the device was
/// lost.
pub async fn predict(
    networks: &[&Classifier],
    picture: &Image,
    top: usize,
) -> Result<EnsemblePrediction, LabError> {
    let labels = networks.first().map(|first| first.labels()).unwrap_or_default();
    let mut each = Vec::with_capacity(networks.len());
    let mut sum = vec![0.0f32; labels.len()];
    for network in networks {
        let places = class_indices(network.labels(), labels).ok_or_else(|| LabError::EnsembleClasses)?;
        let preprocess = network.preprocess();
        let crop = preprocess_image(picture, &preprocess);
        let logits = network.logits_from_pixels(normalize(&crop.rgb, 1, crop.width, &preprocess), 1).await?;
        let mut probabilities = vec![0.0f32; labels.len()];
        for (place, probability) in places.into_iter().zip(softmax(&logits)) {
            if let Some(slot) = probabilities.get_mut(place) {
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
    fn classes_are_matched_by_id_all_or_none() {
        let to = labels(&["a", "b", "c"]);
        assert_eq!(class_indices(&labels(&["c", "a", "b"]), &to), Some(vec![2, 0, 1]));
        assert_eq!(class_indices(&labels(&["a", "b"]), &to), None);
        assert_eq!(class_indices(&labels(&["a", "b", "d"]), &to), None);
        assert_eq!(class_indices(&labels(&["a", "b", "b"]), &to), None);
    }
}
