//! Explanations of a prediction: layers, similar classes and occlusion maps.

use serde::{Deserialize, Serialize};

/// A layer whose output can be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct LayerMaps {
    /// The usual name: `conv1`, `relu1`, `pool1`, `fc6`, …
    pub name: String,
    /// Number of channels, or of units of a fully connected layer.
    pub channels: u32,
    /// Height in pixels. 1 after the convolutions.
    pub height: u32,
    /// Width in pixels. 1 after the convolutions.
    pub width: u32,
}

/// A class that the network treats as similar to another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct SimilarClass {
    /// Index of the class in the model.
    pub index: u32,
    /// Its plain English name.
    pub label: String,
    /// Cosine between the two classes' weights in the last layer, after subtracting the mean of all classes:
    /// -1 to 1.
    pub similarity: f32,
}

/// The positions of the grey square of an occlusion map, row by row (Zeiler and Fergus 2014).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct OcclusionGrid {
    /// Side of the image, in pixels.
    pub size: u32,
    /// Side of the square, in pixels.
    pub patch: u32,
    /// Distance between neighbouring positions, in pixels.
    pub stride: u32,
    /// Number of positions horizontally, and as many vertically.
    #[serde(rename = "places")]
    pub positions: u32,
}

impl OcclusionGrid {
    /// A square of a quarter of the image's side, moved by a sixteenth.
    pub fn for_size(size: u32) -> Self {
        let (patch, stride) = ((size / 4).max(1), (size / 16).max(1));
        Self { size, patch, stride, positions: size.saturating_sub(patch) / stride + 1 }
    }
}
