//! Results of the 2012 paper (Krizhevsky, Sutskever and Hinton, NIPS 2012), for comparison with ours.

use serde::Serialize;

/// A row of the paper's table 2: errors on the validation images of ILSVRC-2012, 1,000 classes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct PaperResult {
    /// Number of networks whose probabilities were averaged.
    pub networks: u32,
    /// Whether some of them were pre-trained on all of ImageNet, autumn 2011 release (the paper's asterisk).
    pub pretrained: bool,
    /// Top-1 error, 0 to 1.
    pub top1_error: f32,
    /// Top-5 error, 0 to 1.
    pub top5_error: f32,
}

const fn row(networks: u32, pretrained: bool, top1_error: f32, top5_error: f32) -> PaperResult {
    PaperResult { networks, pretrained, top1_error, top5_error }
}

/// The rows of table 2 for the paper's own networks.
pub const PAPER_RESULTS: [PaperResult; 4] = [
    row(1, false, 0.407, 0.182),
    row(5, false, 0.381, 0.164),
    row(1, true, 0.390, 0.166),
    row(7, true, 0.367, 0.154),
];
