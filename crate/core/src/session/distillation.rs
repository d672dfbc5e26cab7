//! Knowledge distillation: the run learns from the predictions of trained networks as well as from the
//! labels.
//!
//! After Hinton et al. 2015, "Distilling the knowledge in a neural network", at temperature 1. The teachers
//! see the same augmented images as the run (Beyer et al. 2022, "Knowledge distillation: a good teacher is
//! patient and consistent").

use burn::tensor::{Tensor, activation};

use super::{Session, same_classes};
use crate::classifier::Classifier;
use crate::error::LabError;
use crate::format::Checkpoint;

/// The teachers, and the weight of their predictions.
#[derive(Default)]
pub(super) struct Distillation {
    teachers: Vec<Classifier>,
    /// The teachers' part of the target, 0 to 1.
    pub(super) share: f64,
}

impl Session {
    /// Makes the run learn from trained networks: a fraction `share` of each target is the mean of their
    /// probabilities for the same augmented image, the rest is the label. The reported loss is that of the
    /// labels. The share is saved with the run, the teachers are not: pass them again after
    /// [`Session::resume`].
    ///
    /// [`LabError`] if the share is not in (0, 1], if there is no teacher, or if one has other
    /// classes, another input size or another normalisation; [`LabError`] if one is damaged. Nothing
    /// is changed then.
    pub fn distill_from(&mut self, teachers: &[Checkpoint], share: f64) -> Result<(), LabError> {
        if !(share > 0.0 && share <= 1.0) {
            return Err(LabError::TeacherShare { share });
        }
        if teachers.is_empty() {
            return Err(LabError::NoTeacher);
        }
        for teacher in teachers {
            let (theirs, ours) = (teacher.preprocess, self.preprocess);
            if !same_classes(&teacher.labels, self.dataset.labels()) {
                return Err(LabError::TeacherClasses);
            }
            if (theirs.crop, theirs.mean, theirs.std) != (ours.crop, ours.mean, ours.std) {
                return Err(LabError::TeacherInput { teacher: theirs.crop, run: ours.crop });
            }
        }
        let teachers: Result<_, _> =
            teachers.iter().map(|model| Classifier::new(model, &self.compute)).collect();
        self.distillation = Distillation { teachers: teachers?, share };
        Ok(())
    }

    /// Whether the targets come from the labels alone.
    ///
    /// # Errors
    /// [`LabError`] if the run was saved with teachers and has none yet.
    pub(super) fn uses_labels_only(&self) -> Result<bool, LabError> {
        match self.distillation.share > 0.0 && self.distillation.teachers.is_empty() {
            true => Err(LabError::NoTeacher),
            false => Ok(self.distillation.teachers.is_empty()),
        }
    }

    /// Mixes the teachers' probabilities for these images into the targets, `[batch, classes]`.
    pub(super) fn mix_in_teachers(&self, targets: Tensor<2>, images: &Tensor<4>) -> Tensor<2> {
        let Distillation { teachers, share } = &self.distillation;
        let answers = teachers.iter().map(|teacher| activation::softmax(teacher.forward(images.clone()), 1));
        match answers.reduce(|sum, answer| sum + answer) {
            Some(sum) => targets * (1.0 - share) + sum * (share / teachers.len() as f64),
            None => targets,
        }
    }
}
