//! The recipe for fine-tuning: from a network with its own classes to one with yours.

use serde::Serialize;

use crate::network::{Freeze, Schedule};
use crate::options::RunOptions;

/// Options of the two stages of fine-tuning. Page and command line start from them.
///
/// Chosen on `imagenette-small.zip` (ten classes, 60 training photos each, 300 to test on) from a network of
/// 34.6 % top-1 on its own classes. One figure per seed; with 300 images their standard error is about 2.6
/// points. Seconds natively on one core that was also used for other work.
///
/// | what learns, 32 a batch, cosine, mirrored | top-1, % | seconds |
/// | --- | --- | --- |
/// | head, 20 epochs at 0.01, dropout 0.5 | 71.0, 71.3 | 8 |
/// | the same for 10 epochs | 69.7, 70.0 | 7 |
/// | at 0.003 | 70.0, 70.3 | 9 |
/// | without dropout | 70.0, 69.3 | 8 |
/// | dropout 0.2, label smoothing 0.1 | 69.3, 69.7 | 8 |
/// | 10 epochs, label smoothing 0.1 | 69.7, 69.0, 69.3 | – |
/// | cropped to half and more of the area, nothing kept | 67.0, 67.7 | 28 |
/// | then all layers, 10 epochs at 0.01 | 72.3, 73.0 | 34 |
/// | then all layers, 10 epochs at 0.003 | 72.0 | – |
/// | then all layers, 10 epochs at 0.01, cropped | 70.0 | – |
///
/// Later, from a network of 38 %: the recipe's head 71.3, 72.0, 73.6; dropout 0.7, weight decay 0.01, label
/// smoothing 0.2, averaged weights or a rate of 0.003 each within a point below it. From one of 43.0 %: 20
/// epochs of the head 74.3, 74.3, 75.0; 16 epochs 75.0, 74.7, 76.7; 14 epochs, the recipe, 75.0, 74.7, 75.7;
/// all layers at 0.005 after 20 epochs of the head 77.3, 75.0. On the page, 20 epochs took 30 s on a quiet
/// core. From one of 43.7 %: the recipe's head 75.0, 73.3, 75.3, and all layers after it 76.3, 76.0. From the
/// one that ships, of 44.9 %: 74.7, 74.0, 74.3, and 77.3, 75.7.
///
/// The head converges after a few epochs: the frozen features limit it.
///
/// Network, width, activation, normalisation and data set come from the model and the images at hand, and
/// replace the values given here.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct FineTuning {
    /// Trains the fully connected layers, with a new last one, over frozen convolutions. Takes seconds.
    pub head: RunOptions,
    /// Then trains every layer at a lower rate. Better, and as slow as any training.
    pub all: RunOptions,
}

/// The recipe.
pub fn fine_tuning() -> FineTuning {
    let head = RunOptions {
        freeze: Freeze::Conv,
        batch_size: 32,
        epochs: 14,
        learning_rate: 0.01,
        schedule: Schedule::Cosine,
        warmup_steps: 0,
        dropout: 0.5,
        flip: true,
        ..RunOptions::default()
    };
    let all = RunOptions { freeze: Freeze::None, epochs: 10, learning_rate: 0.005, ..head.clone() };
    FineTuning { head, all }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipe_options_are_valid() {
        let FineTuning { head, all } = fine_tuning();
        head.check().unwrap();
        all.check().unwrap();
        assert!(all.learning_rate < head.learning_rate);
        // With crops, shifts or colour changes features cannot be cached, and training the head would no
        // longer be quick.
        assert!(head.freeze == Freeze::Conv && head.crop == 1.0 && head.shift == 0.0 && head.colour == 0.0);
    }
}
