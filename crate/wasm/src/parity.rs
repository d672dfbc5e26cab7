//! Compares the results of this device with those of the CPU backend.

use alexnet::Compute;
use alexnet::architecture::Architecture;
use alexnet::data::normalize;
use alexnet::protocol::Network;
use alexnet::session::BatchGradients;
use wasm_bindgen::prelude::*;

use crate::bench::session;
use crate::convert::{JsResult, error, object};
use crate::lab::Lab;

/// The largest difference, relative to the largest value of `b`.
fn relative(a: &[f32], b: &[f32]) -> f64 {
    let scale = b.iter().fold(0f32, |m, v| m.max(v.abs())).max(f32::MIN_POSITIVE);
    let worst =
        a.iter().zip(b).map(|(x, y)| (x - y).abs()).fold(0f32, |m, v| if v.is_nan() { v } else { m.max(v) });
    f64::from(worst / scale)
}

/// Logits, gradients and loss of one step.
async fn probe(network: Network, batch: u32, compute: &Compute) -> JsResult<BatchGradients> {
    let (mut session, samples) = session(network, 10, batch.max(1), compute)?;
    let preprocess = Architecture::default_preprocess(network);
    let pixels = normalize(&samples.pixels, samples.labels.len(), samples.size, &preprocess);
    session.forward_backward(pixels, &samples.labels, None).await.map_err(error)
}

#[wasm_bindgen]
impl Lab {
    /// Runs a network (`alexnet-32` by default) forward and backward on this device and on the CPU, with the
    /// same weights, images and dropout masks. Returns the largest differences relative to each tensor's
    /// scale: `{logits, gradients, loss}`.
    ///
    /// If the device was lost.
    pub async fn parity(&self, batch: u32, network: Option<String>) -> JsResult<JsValue> {
        let network = match network {
            Some(name) => name.parse().map_err(error)?,
            None => Network::AlexNet32,
        };
        let here = probe(network, batch, &self.compute).await?;
        let cpu = probe(network, batch, &Compute::cpu()).await?;
        let gradients = cpu.gradients.iter().map(|(name, cpu)| {
            here.gradients.get(name).map_or(f64::NAN, |here| relative(&here.data, &cpu.data))
        });
        let worst = gradients.fold(0.0f64, |m, v| if v.is_nan() { v } else { m.max(v) });
        Ok(object(&[
            ("logits", relative(&here.logits, &cpu.logits).into()),
            ("gradients", worst.into()),
            ("loss", (here.loss - cpu.loss).abs().into()),
        ]))
    }
}
