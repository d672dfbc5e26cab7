//! Distillation: a run that learns what trained networks answer, beside the labels.
//!
//! Hinton et al. 2015, "Distilling the knowledge in a neural network", at a temperature of 1; every teacher sees the very
//! crops that the run sees (Beyer et al. 2022, "Knowledge distillation: a good teacher is patient and consistent").

use burn::tensor::{Tensor, activation};

use super::{Session, same_classes};
use crate::classifier::Classifier;
use crate::error::LabError;
use crate::format::Checkpoint;

/// Networks to learn from, and how much.
#[derive(Default)]
pub(super) struct Distillation {
    teachers: Vec<Classifier>,
    /// Share of the target that the teachers make up.
    pub(super) share: f64,
}

impl Session {
    /// Lets the run learn from trained networks: `share` of each target is the mean of their probabilities for the very
    /// pixels that the run sees, the rest the label's. The loss that is reported stays the labels'. The share is saved
    /// with the run, the teachers are not: after [`Session::resume`] they are given anew.
    ///
    /// # Errors
    /// [`LabError`] for a share outside 0 to 1, no teacher, or one with other classes, another input size or
    /// other means and deviations of its channels, or when one is damaged. Nothing is changed then.
    pub fn distill_from(&mut self, teachers: &[Checkpoint], share: f64) -> Result<(), LabError> {
        if !(share > 0.0 && share <= 1.0) {
            return Err(LabError::TeacherShare { share });
        }
        if teachers.is_empty() {
            return Err(LabError::NoTeacher);
        }
        for teacher in teachers {
            let (theirs, ours) = (teacher.preprocess, self.preprocess);
            if !same_classes(&teacher.labels, self.source.labels()) {
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

    /// Whether the targets are the labels' alone.
    ///
    /// # Errors
    /// [`LabError`] when the run was saved with teachers and has none yet.
    pub(super) fn is_untaught(&self) -> Result<bool, LabError> {
        match self.distillation.share > 0.0 && self.distillation.teachers.is_empty() {
            true => Err(LabError::NoTeacher),
            false => Ok(self.distillation.teachers.is_empty()),
        }
    }

    /// Targets, `[batch, classes]`, with the teachers' share for these images in them.
    pub(super) fn taught(&self, targets: Tensor<2>, images: &Tensor<4>) -> Tensor<2> {
        let Distillation { teachers, share } = &self.distillation;
        let answers = teachers.iter().map(|teacher| activation::softmax(teacher.forward(images.clone()), 1));
        match answers.reduce(|sum, answer| sum + answer) {
            Some(sum) => targets * (1.0 - share) + sum * (share / teachers.len() as f64),
            None => targets,
        }
    }
}
