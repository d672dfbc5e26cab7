//! SGD with momentum, and AdamW, with PyTorch's semantics.
//!
//! burn's SGD applies a dampening of 0.1 by default, and reads its state back synchronously, which WebGPU
//! cannot do. So the rules are implemented here, over flat tensors.

use burn::tensor::{Device, Tensor};

use crate::error::LabError;
use crate::format::{self, Tensors};
use crate::params::{Params, download, upload_flat};
use crate::protocol::{Optimizer as Rule, RunOptions};

/// Default β₂ of `torch.optim.AdamW`.
const BETA2: f64 = 0.999;
/// Default ε of `torch.optim.AdamW`.
const EPSILON: f64 = 1e-8;

/// The optimiser state of each tensor, by the tensor's index in [`Params`].
#[derive(Debug, Clone)]
pub struct Optimizer {
    rule: Rule,
    /// Number of updates so far, for AdamW's bias correction.
    updates: u64,
    first: Vec<Option<Tensor<1>>>,
    second: Vec<Option<Tensor<1>>>,
}

impl Optimizer {
    /// A fresh state for this number of tensors.
    pub fn new(rule: Rule, tensors: usize) -> Self {
        Self { rule, updates: 0, first: vec![None; tensors], second: vec![None; tensors] }
    }

    /// Names of the state tensors in files, as PyTorch names them. SGD has one per parameter, AdamW two.
    fn names(&self) -> &'static [&'static str] {
        match self.rule {
            Rule::Sgd => &["momentum"],
            Rule::AdamW => &["exp_avg", "exp_avg_sq"],
        }
    }

    /// Updates every trainable tensor that has a gradient.
    pub fn update(
        &mut self,
        params: &mut Params,
        gradients: Vec<Option<Tensor<1>>>,
        options: &RunOptions,
        learning_rate: f64,
    ) {
        self.updates += 1;
        for (i, (param, gradient)) in params.0.iter_mut().zip(gradients).enumerate() {
            let (Some(gradient), Some(first), Some(second)) =
                (gradient, self.first.get_mut(i), self.second.get_mut(i))
            else {
                continue;
            };
            param.value = match self.rule {
                Rule::Sgd => sgd(param.value.clone(), gradient, first, options, learning_rate),
                Rule::AdamW => {
                    adam_w(param.value.clone(), gradient, first, second, options, learning_rate, self.updates)
                }
            };
        }
    }

    /// Reads the state back. The tensors are named `momentum/NAME`, `exp_avg/NAME` and `exp_avg_sq/NAME`.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] if the device was lost.
    pub async fn read(&self, params: &Params) -> Result<Tensors, LabError> {
        let mut tensors = Tensors::new();
        for (kind, state) in self.names().iter().zip([&self.first, &self.second]) {
            for (param, value) in params.0.iter().zip(state) {
                if let Some(value) = value {
                    let data = download(value.clone()).await?;
                    let tensor = format::Tensor { shape: param.shape.clone(), data };
                    tensors.insert(format!("{kind}/{}", param.name), tensor);
                }
            }
        }
        Ok(tensors)
    }

    /// Restores a saved state.
    ///
    /// # Errors
    /// [`LabError`] if the length of a tensor differs from that of its weights.
    pub fn restore(
        rule: Rule,
        updates: u64,
        params: &Params,
        tensors: &Tensors,
        device: &Device,
    ) -> Result<Self, LabError> {
        let mut state = Self::new(rule, params.0.len());
        state.updates = updates;
        let names = state.names();
        for (kind, slots) in names.iter().zip([&mut state.first, &mut state.second]) {
            for (param, slot) in params.0.iter().zip(slots) {
                if let Some(tensor) = tensors.get(&format!("{kind}/{}", param.name)) {
                    if tensor.data.len() != param.shape.iter().product::<usize>() {
                        return Err(LabError::OptimizerState { name: param.name.clone() });
                    }
                    *slot = Some(upload_flat(tensor.data.clone(), device));
                }
            }
        }
        Ok(state)
    }
}

/// `torch.optim.SGD(momentum, weight_decay, dampening=0)`: g ← g + λw; v ← μv + g; w ← w − ηv.
fn sgd(
    weight: Tensor<1>,
    gradient: Tensor<1>,
    velocity: &mut Option<Tensor<1>>,
    options: &RunOptions,
    learning_rate: f64,
) -> Tensor<1> {
    let gradient = match options.weight_decay {
        0.0 => gradient,
        decay => weight.clone().mul_scalar(decay as f32) + gradient,
    };
    if options.momentum == 0.0 {
        *velocity = None;
        return weight - gradient.mul_scalar(learning_rate as f32);
    }
    let next = match velocity.take() {
        Some(velocity) => velocity.mul_scalar(options.momentum as f32) + gradient,
        None => gradient,
    };
    *velocity = Some(next.clone());
    weight - next.mul_scalar(learning_rate as f32)
}

/// `torch.optim.AdamW(betas=(momentum, 0.999), eps=1e-8)` (Loshchilov & Hutter 2019, algorithm 2).
fn adam_w(
    weight: Tensor<1>,
    gradient: Tensor<1>,
    first: &mut Option<Tensor<1>>,
    second: &mut Option<Tensor<1>>,
    options: &RunOptions,
    learning_rate: f64,
    update: u64,
) -> Tensor<1> {
    let beta1 = options.momentum;
    let fresh_mean = gradient.clone().mul_scalar((1.0 - beta1) as f32);
    let fresh_square = (gradient.clone() * gradient).mul_scalar((1.0 - BETA2) as f32);
    let mean = match first.take() {
        Some(mean) => mean.mul_scalar(beta1 as f32) + fresh_mean,
        None => fresh_mean,
    };
    let square = match second.take() {
        Some(square) => square.mul_scalar(BETA2 as f32) + fresh_square,
        None => fresh_square,
    };
    *first = Some(mean.clone());
    *second = Some(square.clone());
    let correction1 = 1.0 - beta1.powf(update as f64);
    let correction2 = (1.0 - BETA2.powf(update as f64)).sqrt();
    let denominator = square.sqrt().div_scalar(correction2 as f32).add_scalar(EPSILON as f32);
    let decayed = weight.mul_scalar((1.0 - learning_rate * options.weight_decay) as f32);
    decayed - (mean / denominator).mul_scalar((learning_rate / correction1) as f32)
}
