//! Weights as signed bytes: w ≈ scale · q, one scale for each output channel, symmetric about zero.
//!
//! What quantisation of trained networks does for weights everywhere (PyTorch's `per_channel_symmetric`, ONNX's
//! `DequantizeLinear` with an axis): a quarter of single precision's size.

use std::borrow::Cow;

use crate::tensor::Tensor;

/// What the name of a tensor's scales ends with, behind the tensor's own name.
pub const SCALES: &str = ".scale";

/// The largest byte used; −128 is not, so that the range is symmetric.
const LIMIT: f32 = 127.0;

/// Name of the scales of a tensor.
pub fn scales_of(name: &str) -> String {
    format!("{name}{SCALES}")
}

/// Whether a tensor is stored in bytes: convolutions' and fully connected layers' weights. Biases and
/// normalisation are a thousandth of a network, and every rounding there moves a whole channel.
pub fn applies(name: &str, shape: &[usize]) -> bool {
    name.ends_with(".weight") && shape.len() > 1
}

/// A tensor in signed bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct ScaledBytes {
    /// Row by row.
    pub bytes: Vec<i8>,
    /// What each row's bytes are multiplied by.
    pub scales: Vec<f32>,
}

/// A scale for each output channel (the first dimension), so that its largest weight just fits.
pub fn scales(tensor: &Tensor) -> Vec<f32> {
    let channels = tensor.shape.first().copied().unwrap_or(1).max(1);
    let each = (tensor.data.len() / channels).max(1);
    let largest = |weights: &[f32]| weights.iter().fold(0.0f32, |largest, w| largest.max(w.abs()));
    tensor.data.chunks(each).map(|channel| largest(channel) / LIMIT).collect()
}

/// The bytes, rounded to nearest even; a channel of zeros stays one.
pub fn quantize<'a>(data: &[f32], scales: &[f32]) -> Cow<'a, [u8]> {
    let each = (data.len() / scales.len().max(1)).max(1);
    let channels = data.chunks(each).zip(scales);
    channels
        .flat_map(|(weights, &scale)| {
            let inverse = if scale > 0.0 { scale.recip() } else { 0.0 };
            weights.iter().map(move |w| ((w * inverse).round_ties_even().clamp(-LIMIT, LIMIT) as i8) as u8)
        })
        .collect()
}

/// The weights of the bytes; as many scales as there are channels.
pub fn dequantize(ScaledBytes { bytes, scales }: &ScaledBytes) -> Vec<f32> {
    let each = (bytes.len() / scales.len().max(1)).max(1);
    let channels = bytes.chunks(each).zip(scales);
    channels.flat_map(|(bytes, &scale)| bytes.iter().map(move |&byte| f32::from(byte) * scale)).collect()
}
