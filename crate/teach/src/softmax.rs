//! Softmax and cross-entropy.

/// Probabilities of the classes: `exp(zᵢ) / Σ exp(zⱼ)`, computed from differences to the largest logit.
pub fn forward(logits: &[f64]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let exps: Vec<f64> = logits.iter().map(|z| libm::exp(z - largest)).collect();
    let sum: f64 = exps.iter().sum();
    exps.into_iter().map(|e| e / sum).collect()
}

/// Logarithms of the probabilities.
pub fn log_forward(logits: &[f64]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits.iter().map(|z| libm::exp(z - largest)).sum();
    logits.iter().map(|z| z - largest - libm::log(sum)).collect()
}

/// Cross-entropy of one sample: minus the logarithm of its class's probability. 0 where there is no such class.
pub fn cross_entropy(logits: &[f64], label: usize) -> f64 {
    log_forward(logits).get(label).map_or(0.0, |log| -log)
}

/// The gradient of the cross-entropy by the logits: the probabilities, less 1 at the sample's class.
pub fn backward(probabilities: &[f64], label: usize) -> Vec<f64> {
    probabilities.iter().enumerate().map(|(class, p)| if class == label { p - 1.0 } else { *p }).collect()
}
