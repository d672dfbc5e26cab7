//! What an import took, and what it left out and why.

use alexnet_protocol::ClassLabel;

use crate::{ImportNote, Samples, SkippedImage};

/// A class of an imported data set.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedClass {
    /// Its folder as id, and its name.
    pub label: ClassLabel,
    /// Training images.
    pub train: usize,
    /// Validation images.
    pub val: usize,
}

/// What an import took, and what it left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// The classes, in the order of their indices.
    pub classes: Vec<ImportedClass>,
    /// What was left out, with the reason.
    pub left_out: Vec<SkippedImage>,
    /// What a person should know about what was taken.
    pub notes: Vec<ImportNote>,
}

impl Report {
    /// Counts the images of each class.
    pub(super) fn count(&mut self, labels: &[ClassLabel], train: &Samples, val: &Samples) {
        let of = |samples: &Samples, class: usize| {
            samples.labels.iter().filter(|&&label| label as usize == class).count()
        };
        let counted = labels.iter().enumerate().map(|(class, label)| ImportedClass {
            label: label.clone(),
            train: of(train, class),
            val: of(val, class),
        });
        self.classes = counted.collect();
    }

    /// Names the classes that validation cannot measure.
    pub(super) fn note_unmeasured(&mut self) {
        let unmeasured = self.classes.iter().filter(|class| class.val == 0);
        let notes = unmeasured.map(|class| ImportNote::NoValidation { class: class.label.name.clone() });
        self.notes.extend(notes);
    }
}
