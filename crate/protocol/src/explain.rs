//! What is shown of a network and of why it answered.

use serde::{Deserialize, Serialize};

/// A layer that can be looked into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct LayerMaps {
    /// The field's name: `conv1`, `relu1`, `pool1`, `fc6`, …
    pub name: String,
    /// Maps, or units of a fully connected layer.
    pub channels: u32,
    /// Height of a map in pixels; 1 behind the convolutions.
    pub height: u32,
    /// Width of a map in pixels; 1 behind the convolutions.
    pub width: u32,
}

/// A class that a network holds to be like another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct SimilarClass {
    /// Place of the class in the model's order.
    pub index: u32,
    /// Its plain English name.
    pub label: String,
    /// Cosine between the two classes' weights in the last layer, the mean of all classes taken off: -1 to 1.
    pub similarity: f32,
}

/// Where a grey square covers parts of a picture, one place after another, row by row (Zeiler and Fergus 2014).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct OcclusionGrid {
    /// Side of the picture in pixels.
    pub size: u32,
    /// Side of the square in pixels.
    pub patch: u32,
    /// From one place to the next in pixels.
    pub stride: u32,
    /// Places across, and as many down.
    pub places: u32,
}

impl OcclusionGrid {
    /// A quarter of the side, moved by a sixteenth.
    pub fn of(size: u32) -> Self {
        let (patch, stride) = ((size / 4).max(1), (size / 16).max(1));
        Self { size, patch, stride, places: size.saturating_sub(patch) / stride + 1 }
    }
}
