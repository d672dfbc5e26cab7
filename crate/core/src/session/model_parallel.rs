//! Model parallelism: one of two groups in its own worker, as on one of the two GPUs of 2012 (the paper's
//! towers).
//!
//! Each group holds half of every layer's outputs. Both use the same seed, so they draw the same batches and
//! masks. They exchange what the paper's figure 2 connects: the inputs of conv3 and of the fully connected
//! layers, the logits, and in the backward pass the gradients of those inputs. The order of additions is that
//! of a session that holds both groups (`alexnet_kernels::groups`), so the weights are the same to the last
//! bit.

use std::rc::Rc;

use burn::tensor::{Gradients, Tensor};

use super::{Session, network_config};
use crate::architecture::{Architecture, LayerKind};
use crate::data::{Dataset, Samples};
use crate::device::Compute;
use crate::dropout::Mask;
use crate::error::LabError;
use crate::format::{Tensor as HostTensor, Tensors};
use crate::init::init;
use crate::loss;
use crate::network::{BatchNormStatistics, Feature, ForwardPass, Mode};
use crate::params::{Weight, download, upload, upload_images};
use crate::protocol::model_parallel::{GroupSegment, group_range};
use crate::protocol::{Freeze, RunOptions, StepMetrics};

/// The connection to the other group. Both call it at the same points, with as many values as the other
/// expects.
pub trait Exchange {
    /// Sends values and waits for the other group's.
    fn exchange(&mut self, values: Vec<f32>) -> impl Future<Output = Result<Vec<f32>, LabError>>;
}

/// Bytes sent before one layer, by this group.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Traffic {
    /// The layer's name, or `logits` for the outputs.
    pub layer: String,
    /// Bytes of activations sent in all forward passes.
    pub forward: u64,
    /// Bytes of gradients sent in all backward passes.
    pub backward: u64,
}

/// Half of a training run.
pub struct GroupSession {
    /// The run, with this group's half of the tensors.
    session: Session,
    segments: Vec<GroupSegment>,
    group: usize,
    traffic: Vec<Traffic>,
}

/// The two ends of a segment, for its backward pass.
struct SegmentEnds {
    /// The concatenated input, tracked by autodiff, if the segment starts with an exchange.
    input: Option<Feature>,
    output: Feature,
}

impl GroupSession {
    /// Group 0 or 1 of a new run: half of the weights that a [`Session`] with the same options draws.
    ///
    /// # Errors
    /// As [`Session::new`]. [`LabError`] if the network does not have two groups.
    pub fn new(
        options: RunOptions,
        group: usize,
        dataset: Rc<dyn Dataset>,
        compute: &Compute,
    ) -> Result<Self, LabError> {
        let architecture = Architecture::new(network_config(&options, dataset.labels().len()))?;
        let segments = architecture.group_segments(group)?;
        let mut params = init(&architecture, options.seed, &compute.device)?;
        for param in &mut params.0 {
            let rows = param.shape.first().copied().unwrap_or(1);
            let (length, own) = (param.shape.iter().skip(1).product::<usize>(), group_range(rows, 2, group));
            param.value = param.value.clone().slice_dim(0, own.start * length..own.end * length);
            if let Some(rows) = param.shape.first_mut() {
                *rows = own.len();
            }
        }
        let joined = segments.iter().filter(|segment| segment.joined);
        let exchanges = joined.filter_map(first_weighted_layer).chain(["logits".to_owned()]);
        let traffic = exchanges.map(|layer| Traffic { layer, forward: 0, backward: 0 }).collect();
        let session = Session::assemble(options, dataset, compute, architecture, params)?;
        Ok(Self { session, segments, group, traffic })
    }

    /// The run that this is half of.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// What this group has sent so far, by layer.
    pub fn traffic(&self) -> &[Traffic] {
        &self.traffic
    }

    /// This group's half of every tensor.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] if the device was lost.
    pub async fn tensors(&self) -> Result<Tensors, LabError> {
        self.session.params.read().await
    }

    /// Trains one step together with the other group. Both return the same metrics.
    ///
    /// # Errors
    /// [`LabError::Data`] if images cannot be loaded, [`LabError::ReadBack`] if the device or the connection
    /// was lost. The weights are then those before the step.
    pub async fn step(&mut self, peer: &mut impl Exchange) -> Result<StepMetrics, LabError> {
        let samples = self.session.next_batch().await?;
        let masks = self.session.draw_masks(samples.labels.len());
        let (logits, gradients, statistics) = self.gradients(&samples, masks, peer).await?;
        let rate = self.session.apply_gradients(gradients, statistics);
        Ok(self.session.metrics(&logits, &samples.labels, rate))
    }

    /// The logits of the whole network, and the gradients of this half.
    #[allow(clippy::type_complexity)]
    async fn gradients(
        &mut self,
        samples: &Samples,
        masks: [Mask; 2],
        peer: &mut impl Exchange,
    ) -> Result<(Vec<f32>, Vec<Option<Tensor<1>>>, BatchNormStatistics), LabError> {
        let device = self.session.compute.device.clone();
        let (pixels, own) = self.session.augment_batch(samples);
        let labels = &samples.labels;
        let images = upload_images(pixels, labels.len(), self.session.architecture.input_size, &device);
        let p = self.session.options.dropout;
        let factors = masks.each_ref().map(|mask| (p > 0.0).then(|| mask.factors(p, &device)));
        self.session.masks = Some(masks);
        let frozen = self.session.options.freeze == Freeze::Conv;
        let tracked: Vec<Tensor<1>> = self
            .session
            .params
            .0
            .iter()
            .map(|param| match param.trainable && !(frozen && param.is_convolution) {
                true => param.value.clone().autodiff().require_grad(),
                false => param.value.clone(),
            })
            .collect();
        let weights: Vec<Weight> = tracked.iter().cloned().map(Weight::from).collect();
        let mode = Mode::Train { dropout_factors: &factors, train_convolutions: !frozen };
        let whole = ForwardPass::new(&self.session.architecture, &mode, &weights, 0);
        let mut pass = ForwardPass { groups: 1, ..whole };
        let mut statistics = BatchNormStatistics::new();

        let mut x = Feature::Map(images);
        let (mut segment_ends, mut first_params, mut exchanges) = (Vec::new(), Vec::new(), 0..);
        for segment in &self.segments {
            let mut input = None;
            if segment.joined {
                let exchange_index = exchanges.next().unwrap_or_default();
                let joined =
                    exchange_and_join(x, self.group, peer, self.traffic.get_mut(exchange_index)).await?;
                x = joined.clone();
                input = Some(joined);
            }
            first_params.push(pass.next_param);
            for layer in &segment.layers {
                x = pass.run_layer(layer, x, &mut statistics);
            }
            segment_ends.push(SegmentEnds { input, output: x.clone() });
        }
        let Feature::Vector(logits) = exchange_and_join(x, self.group, peer, self.traffic.last_mut()).await?
        else {
            return Err(out_of_sync());
        };
        let classes = self.session.architecture.config.classes as usize;
        let smoothing = self.session.options.label_smoothing;
        let targets = loss::upload_targets(labels, &own, classes, smoothing, &device);
        let mut grads = loss::cross_entropy(logits.clone(), targets).backward();
        let whole = logits.grad_remove(&mut grads).ok_or_else(no_gradient)?;
        let mut upstream = whole.slice_dim(1, group_range(classes, 2, self.group));

        let mut gradients: Vec<Option<Tensor<1>>> = vec![None; tracked.len()];
        let end_params = first_params.iter().skip(1).copied().chain([tracked.len()]).collect::<Vec<_>>();
        let mut exchanges = (0..self.traffic.len().saturating_sub(1)).rev();
        for (at, ends) in segment_ends.into_iter().enumerate().rev() {
            let own = first_params.get(at).copied().unwrap_or(0)..end_params.get(at).copied().unwrap_or(0);
            // Frozen convolutions need no gradient, nor does anything before them.
            if !tracked.iter().take(own.end).any(Tensor::is_require_grad) {
                break;
            }
            // The gradient of Σ output · upstream is the upstream gradient propagated through the segment.
            let mut grads = (ends.output.into_vector() * upstream.clone()).sum().backward();
            for place in own {
                if let (Some(tensor), Some(slot)) = (tracked.get(place), gradients.get_mut(place)) {
                    *slot = tensor.is_require_grad().then(|| tensor.grad_remove(&mut grads)).flatten();
                }
            }
            let Some(input) = ends.input else { continue };
            let exchange_index = exchanges.next().unwrap_or_default();
            let joined = input.gradient(&mut grads)?;
            upstream =
                exchange_gradient(joined, self.group, peer, self.traffic.get_mut(exchange_index)).await?;
        }
        Ok((download(logits.inner()).await?, gradients, statistics))
    }
}

impl Session {
    /// The two halves of every tensor, as two groups hold them.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] if the device was lost.
    pub async fn group_tensors(&self) -> Result<[Tensors; 2], LabError> {
        let whole = self.params.read().await?;
        Ok([0, 1].map(|group| {
            let half = |(name, tensor): (&String, &HostTensor)| {
                let rows = tensor.shape.first().copied().unwrap_or(1);
                let (own, length) = (group_range(rows, 2, group), tensor.data.len() / rows.max(1));
                let data = tensor.data.get(own.start * length..own.end * length).unwrap_or_default();
                let shape = std::iter::once(own.len()).chain(tensor.shape.iter().skip(1).copied()).collect();
                (name.clone(), HostTensor { shape, data: data.to_vec() })
            };
            whole.iter().map(half).collect()
        }))
    }
}

/// A hash of all tensors (FNV-1a, 64 bits), to compare weights bit for bit.
pub fn digest(tensors: &Tensors) -> u64 {
    let bytes = tensors.iter().flat_map(|(name, tensor)| {
        name.bytes().chain(tensor.data.iter().flat_map(|number| number.to_bits().to_le_bytes()))
    });
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The first layer of a segment that has weights: it reads the concatenated input.
fn first_weighted_layer(segment: &GroupSegment) -> Option<String> {
    let has_weights = |kind| matches!(kind, LayerKind::Conv2d { .. } | LayerKind::Linear);
    segment.layers.iter().find(|layer| has_weights(layer.kind)).map(|layer| layer.name.clone())
}

fn no_gradient() -> LabError {
    LabError::NoGradient
}

fn out_of_sync() -> LabError {
    LabError::OutOfStep
}

/// Exchanges halves with the other group and concatenates them. The result is tracked by autodiff.
async fn exchange_and_join(
    own: Feature,
    group: usize,
    peer: &mut impl Exchange,
    traffic: Option<&mut Traffic>,
) -> Result<Feature, LabError> {
    Ok(match own {
        Feature::Map(map) => {
            let [batch, channels, height, width] = map.dims();
            let plane = [batch, channels * height * width];
            let joined =
                exchange_and_join_rows(map.inner().reshape(plane), channels, group, peer, traffic).await?;
            let [_, units] = joined.dims();
            let map = joined.reshape([batch, units / (height * width), height, width]);
            Feature::Map(map.autodiff().require_grad())
        }
        Feature::Vector(vector) => {
            let [_, units] = vector.dims();
            let joined = exchange_and_join_rows(vector.inner(), units, group, peer, traffic).await?;
            Feature::Vector(joined.autodiff().require_grad())
        }
    })
}

/// Concatenates the rows of both groups, group 0 first. With an odd number of units the halves differ by one.
async fn exchange_and_join_rows(
    own: Tensor<2>,
    units: usize,
    group: usize,
    peer: &mut impl Exchange,
    traffic: Option<&mut Traffic>,
) -> Result<Tensor<2>, LabError> {
    let ([batch, width], device) = (own.dims(), own.device());
    let values = download(own.clone()).await?;
    if let Some(traffic) = traffic {
        traffic.forward += bytes(&values);
    }
    let theirs = peer.exchange(values).await?;
    let other = theirs.len() / batch.max(1);
    // As many units as this group, or one more or fewer if the total is odd.
    let per_unit = width / units.max(1);
    if theirs.len() != other * batch || other.abs_diff(width) > per_unit {
        return Err(out_of_sync());
    }
    let theirs = upload(theirs, [batch, other], &device);
    let both = if group == 0 { vec![own, theirs] } else { vec![theirs, own] };
    Ok(Tensor::cat(both, 1))
}

/// The gradient of this group's part of a concatenated input: the sum of both groups' gradients.
async fn exchange_gradient(
    joined: Feature,
    group: usize,
    peer: &mut impl Exchange,
    traffic: Option<&mut Traffic>,
) -> Result<Tensor<2>, LabError> {
    let joined = joined.into_vector();
    let [batch, width] = joined.dims();
    let part = |group| joined.clone().slice_dim(1, group_range(width, 2, group));
    let (own, theirs) = (part(group), part(1 - group.min(1)));
    let values = download(theirs).await?;
    if let Some(traffic) = traffic {
        traffic.backward += bytes(&values);
    }
    let ([_, own_width], device) = (own.dims(), own.device());
    let theirs = peer.exchange(values).await?;
    if theirs.len() != batch * own_width {
        return Err(out_of_sync());
    }
    Ok(own + upload(theirs, [batch, own_width], &device))
}

fn bytes(values: &[f32]) -> u64 {
    size_of_val(values) as u64
}

impl Feature {
    /// The gradient of a concatenated input.
    fn gradient(&self, grads: &mut Gradients) -> Result<Self, LabError> {
        Ok(match self {
            Self::Map(map) => Self::Map(map.grad_remove(grads).ok_or_else(no_gradient)?),
            Self::Vector(vector) => Self::Vector(vector.grad_remove(grads).ok_or_else(no_gradient)?),
        })
    }
}
