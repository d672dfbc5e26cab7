//! The table of experiments: one file each.

mod augmentation;
mod coadaptation;
mod depth;
mod dropout;
mod ensemble;
mod pooling;
mod relu;
mod response_norm;
mod sampling;
mod saturation;
mod sixteen;
mod ten_crops;
mod towers;

pub use augmentation::AUGMENTATION;
pub use coadaptation::COADAPTATION;
pub use depth::DEPTH;
pub use dropout::DROPOUT;
pub use ensemble::ENSEMBLE;
pub use pooling::POOLING;
pub use relu::RELU;
pub use response_norm::RESPONSE_NORM;
pub use sampling::SAMPLING;
pub use saturation::SATURATION;
pub use sixteen::SIXTEEN;
pub use ten_crops::TEN_CROPS;
pub use towers::TOWERS;

use crate::experiment::Experiment;

/// Every experiment, in the order in which the page lists them.
pub const EXPERIMENTS: &[&Experiment] = &[
    &RELU,
    &SATURATION,
    &SIXTEEN,
    &SAMPLING,
    &DROPOUT,
    &COADAPTATION,
    &POOLING,
    &RESPONSE_NORM,
    &AUGMENTATION,
    &DEPTH,
    &TEN_CROPS,
    &ENSEMBLE,
    &TOWERS,
];

/// The experiment of this name.
pub fn experiment(name: &str) -> Option<&'static Experiment> {
    EXPERIMENTS.iter().copied().find(|experiment| experiment.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::experiment::Settings;

    #[test]
    fn names_and_keys_are_unique() {
        let names: BTreeSet<_> = EXPERIMENTS.iter().map(|experiment| experiment.name).collect();
        assert_eq!(names.len(), EXPERIMENTS.len());
        let texts: Vec<_> = EXPERIMENTS.iter().flat_map(|experiment| experiment.texts()).collect();
        let keys: BTreeSet<_> = texts.iter().map(|(key, _)| key).collect();
        assert_eq!(keys.len(), texts.len());
        for (key, text) in texts {
            assert!(!text.trim().is_empty(), "{key} has no text");
            assert!(key.chars().all(|c| c.is_ascii_alphanumeric()), "{key}");
        }
    }

    #[test]
    fn each_has_answers_figures_seeds_and_presets_that_exist() {
        for experiment in EXPERIMENTS {
            let name = experiment.name;
            assert!(experiment.answers.len() > 1, "{name}");
            assert!(!experiment.published.is_empty(), "{name}");
            assert!(experiment.seeds > 0, "{name}");
            assert!(!experiment.presets.is_empty(), "{name}");
            for preset in experiment.presets {
                let pairs =
                    preset.values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
                let settings: Settings = pairs.collect();
                assert_eq!(experiment.check(&settings), Ok(()), "{name}: {}", preset.name);
            }
        }
    }
}
