//! Quantised weights: w ≈ scale · q with q in int8, one scale for each output channel, symmetric about zero.
//!
//! The usual post-training quantisation of weights (PyTorch's `per_channel_symmetric`, ONNX's `DequantizeLinear` with
//! an axis). A quarter of the size of single precision.

use std::borrow::Cow;

use crate::tensor::Tensor;

/// Suffix of the name of a tensor's scales.
pub const SCALES: &str = ".scale";

/// The largest value of q. −128 is not used, so the range is symmetric.
const LIMIT: f32 = 127.0;

/// The name of a tensor's scales.
pub fn scales_of(name: &str) -> String {
    format!("{name}{SCALES}")
}

/// Whether a tensor is quantised: the weights of convolutions and fully connected layers. Biases and normalisation are
/// a thousandth of a network, and an error there shifts a whole channel.
pub fn applies(name: &str, shape: &[usize]) -> bool {
    name.ends_with(".weight") && shape.len() > 1
}

/// A quantised tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct ScaledBytes {
    /// q, row by row.
    pub bytes: Vec<i8>,
    /// The scale of each row.
    pub scales: Vec<f32>,
}

/// The scale of each output channel (first dimension): the largest weight becomes ±127.
pub fn scales(tensor: &Tensor) -> Vec<f32> {
    let channels = tensor.shape.first().copied().unwrap_or(1).max(1);
    let each = (tensor.data.len() / channels).max(1);
    let largest = |weights: &[f32]| weights.iter().fold(0.0f32, |largest, w| largest.max(w.abs()));
    tensor.data.chunks(each).map(|channel| largest(channel) / LIMIT).collect()
}

/// Quantises, rounding to nearest even; a channel of zeros stays zero.
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

/// Dequantises; there are as many scales as channels.
pub fn dequantize(ScaledBytes { bytes, scales }: &ScaledBytes) -> Vec<f32> {
    let each = (bytes.len() / scales.len().max(1)).max(1);
    let channels = bytes.chunks(each).zip(scales);
    channels.flat_map(|(bytes, &scale)| bytes.iter().map(move |&byte| f32::from(byte) * scale)).collect()
}
