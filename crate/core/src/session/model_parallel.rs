//! One of two towers in its own place, as on one of the two cards of 2012.
//!
//! Each tower holds half of every layer's outputs and the same seed, so both draw the same batches and the same
//! masks. They exchange what the paper's figure joins: the inputs of conv3 and of the fully connected layers, the
//! logits, and on the way back the gradients of those inputs. Both take the same order of additions as a session that
//! holds both towers (`alexnet_kernels::towers`), so the weights are the same to the last bit.

use std::rc::Rc;

use burn::tensor::{Gradients, Tensor};

use super::{Session, network_config};
use crate::architecture::{Architecture, LayerKind};
use crate::data::{Dataset, Samples};
use crate::device::Compute;
use crate::dropout::Mask;
use crate::error::LabError;
use crate::format::{Tensor as Stored, Tensors};
use crate::init::init;
use crate::loss;
use crate::network::{BatchNormStatistics, Feature, ForwardPass, Mode};
use crate::params::{Weight, download, upload, upload_images};
use crate::protocol::model_parallel::{GroupSegment, share};
use crate::protocol::{Freeze, RunOptions, StepMetrics};

/// The line to the other tower. Both call it at the same points, each with as many numbers as the other.
pub trait Exchange {
    /// Sends numbers and waits for the other's.
    fn exchange(&mut self, numbers: Vec<f32>) -> impl Future<Output = Result<Vec<f32>, LabError>>;
}

/// What went over the line before one layer, in this tower's direction.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Traffic {
    /// The layer's name; `logits` for the outputs.
    pub layer: String,
    /// Bytes sent on the way forward, of all steps.
    pub forward: u64,
    /// Bytes of gradients sent on the way back.
    pub backward: u64,
}

/// Half of a training run.
pub struct GroupSession {
    /// The run, with this tower's half of the tensors.
    session: Session,
    segments: Vec<GroupSegment>,
    tower: usize,
    traffic: Vec<Traffic>,
}

/// A segment's way in and out, for the way back.
struct Cut {
    /// The joined input where the halves met, with its gradient wanted.
    input: Option<Feature>,
    output: Feature,
}

impl GroupSession {
    /// Tower 0 or 1 of a fresh run: half of the weights that a [`Session`] with the same options draws.
    ///
    /// # Errors
    /// As [`Session::new`], or for a network that is not in two towers.
    pub fn new(
        options: RunOptions,
        tower: usize,
        source: Rc<dyn Dataset>,
        compute: &Compute,
    ) -> Result<Self, LabError> {
        let architecture = Architecture::new(network_config(&options, source.labels().len()))?;
        let segments = architecture.tower(tower)?;
        let mut params = init(&architecture, options.seed, &compute.device)?;
        for param in &mut params.0 {
            let rows = param.shape.first().copied().unwrap_or(1);
            let (length, own) = (param.shape.iter().skip(1).product::<usize>(), share(rows, 2, tower));
            param.value = param.value.clone().slice_dim(0, own.start * length..own.end * length);
            if let Some(rows) = param.shape.first_mut() {
                *rows = own.len();
            }
        }
        let joined = segments.iter().filter(|segment| segment.joined);
        let lines = joined.filter_map(reader).chain(["logits".to_owned()]);
        let traffic = lines.map(|layer| Traffic { layer, forward: 0, backward: 0 }).collect();
        let session = Session::assemble(options, source, compute, architecture, params)?;
        Ok(Self { session, segments, tower, traffic })
    }

    /// The run that this is half of.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// What this tower has sent so far, layer by layer.
    pub fn traffic(&self) -> &[Traffic] {
        &self.traffic
    }

    /// This tower's half of every tensor.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] when the device was lost.
    pub async fn tensors(&self) -> Result<Tensors, LabError> {
        self.session.params.read().await
    }

    /// Trains one step with the other tower. The metrics are the same in both.
    ///
    /// # Errors
    /// [`LabError::Data`] when images cannot be had, or when the device or the line was lost; the
    /// weights are those before the step then.
    pub async fn step(&mut self, line: &mut impl Exchange) -> Result<StepMetrics, LabError> {
        let samples = self.session.next_batch().await?;
        let masks = self.session.draw_masks(samples.labels.len());
        let (logits, gradients, statistics) = self.gradients(&samples, masks, line).await?;
        let rate = self.session.apply(gradients, statistics);
        Ok(self.session.metrics(&logits, &samples.labels, rate))
    }

    /// Logits of the whole network, and the gradients of this half.
    #[allow(clippy::type_complexity)]
    async fn gradients(
        &mut self,
        samples: &Samples,
        masks: [Mask; 2],
        line: &mut impl Exchange,
    ) -> Result<(Vec<f32>, Vec<Option<Tensor<1>>>, BatchNormStatistics), LabError> {
        let device = self.session.compute.device.clone();
        let (pixels, own) = self.session.augmented(samples);
        let labels = &samples.labels;
        let images = upload_images(pixels, labels.len(), self.session.architecture.input_size, &device);
        let p = self.session.options.dropout;
        let factors = masks.each_ref().map(|mask| (p > 0.0).then(|| mask.scale(p, &device)));
        self.session.masks = Some(masks);
        let frozen = self.session.options.freeze == Freeze::Conv;
        let tracked: Vec<Tensor<1>> = self
            .session
            .params
            .0
            .iter()
            .map(|param| match param.trainable && !(frozen && param.feature) {
                true => param.value.clone().autodiff().require_grad(),
                false => param.value.clone(),
            })
            .collect();
        let weights: Vec<Weight> = tracked.iter().cloned().map(Weight::from).collect();
        let mode = Mode::Train { factors: &factors, features: !frozen };
        let whole = ForwardPass::new(&self.session.architecture, &mode, &weights, 0);
        let mut pass = ForwardPass { towers: 1, ..whole };
        let mut statistics = BatchNormStatistics::new();

        let mut x = Feature::Map(images);
        let (mut cuts, mut first_params, mut lines) = (Vec::new(), Vec::new(), 0..);
        for segment in &self.segments {
            let mut input = None;
            if segment.joined {
                let line_at = lines.next().unwrap_or_default();
                let joined = join(x, self.tower, line, self.traffic.get_mut(line_at)).await?;
                x = joined.clone();
                input = Some(joined);
            }
            first_params.push(pass.at);
            for layer in &segment.layers {
                x = pass.layer(layer, x, &mut statistics);
            }
            cuts.push(Cut { input, output: x.clone() });
        }
        let Feature::Vector(logits) = join(x, self.tower, line, self.traffic.last_mut()).await? else {
            return Err(out_of_step());
        };
        let classes = self.session.architecture.config.classes as usize;
        let smoothing = self.session.options.label_smoothing;
        let targets = loss::upload_targets(labels, &own, classes, smoothing, &device);
        let mut grads = loss::cross_entropy(logits.clone(), targets).backward();
        let whole = logits.grad_remove(&mut grads).ok_or_else(no_gradient)?;
        let mut upstream = whole.slice_dim(1, share(classes, 2, self.tower));

        let mut gradients: Vec<Option<Tensor<1>>> = vec![None; tracked.len()];
        let ends = first_params.iter().skip(1).copied().chain([tracked.len()]).collect::<Vec<_>>();
        let mut lines = (0..self.traffic.len().saturating_sub(1)).rev();
        for (at, cut) in cuts.into_iter().enumerate().rev() {
            let own = first_params.get(at).copied().unwrap_or(0)..ends.get(at).copied().unwrap_or(0);
            // Frozen convolutions need no gradient, and nothing before them does.
            if !tracked.iter().take(own.end).any(Tensor::is_require_grad) {
                break;
            }
            // The gradient of Σ output · upstream is the upstream gradient's way through the segment.
            let mut grads = (cut.output.into_vector() * upstream.clone()).sum().backward();
            for place in own {
                if let (Some(tensor), Some(slot)) = (tracked.get(place), gradients.get_mut(place)) {
                    *slot = tensor.is_require_grad().then(|| tensor.grad_remove(&mut grads)).flatten();
                }
            }
            let Some(input) = cut.input else { continue };
            let line_at = lines.next().unwrap_or_default();
            let joined = input.gradient(&mut grads)?;
            upstream = part_back(joined, self.tower, line, self.traffic.get_mut(line_at)).await?;
        }
        Ok((download(logits.inner()).await?, gradients, statistics))
    }
}

impl Session {
    /// The two halves of every tensor, as two towers would hold them.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] when the device was lost.
    pub async fn groups(&self) -> Result<[Tensors; 2], LabError> {
        let whole = self.params.read().await?;
        Ok([0, 1].map(|tower| {
            let half = |(name, tensor): (&String, &Stored)| {
                let rows = tensor.shape.first().copied().unwrap_or(1);
                let (own, length) = (share(rows, 2, tower), tensor.data.len() / rows.max(1));
                let data = tensor.data.get(own.start * length..own.end * length).unwrap_or_default();
                let shape = std::iter::once(own.len()).chain(tensor.shape.iter().skip(1).copied()).collect();
                (name.clone(), Stored { shape, data: data.to_vec() })
            };
            whole.iter().map(half).collect()
        }))
    }
}

/// A number that differs when any bit of any tensor does, all but certainly (FNV-1a, 64 bits).
pub fn digest(tensors: &Tensors) -> u64 {
    let bytes = tensors.iter().flat_map(|(name, tensor)| {
        name.bytes().chain(tensor.data.iter().flat_map(|number| number.to_bits().to_le_bytes()))
    });
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The layer of a segment that reads the joined input.
fn reader(segment: &GroupSegment) -> Option<String> {
    let weighty = |kind| matches!(kind, LayerKind::Conv2d { .. } | LayerKind::Linear);
    segment.layers.iter().find(|layer| weighty(layer.kind)).map(|layer| layer.name.clone())
}

fn no_gradient() -> LabError {
    LabError::NoGradient
}

fn out_of_step() -> LabError {
    LabError::OutOfStep
}

/// What both towers hold, with its gradient wanted: this tower's half goes over the line, the other's comes.
async fn join(
    own: Feature,
    tower: usize,
    line: &mut impl Exchange,
    traffic: Option<&mut Traffic>,
) -> Result<Feature, LabError> {
    Ok(match own {
        Feature::Map(map) => {
            let [batch, channels, height, width] = map.dims();
            let plane = [batch, channels * height * width];
            let joined = join_rows(map.inner().reshape(plane), channels, tower, line, traffic).await?;
            let [_, units] = joined.dims();
            let map = joined.reshape([batch, units / (height * width), height, width]);
            Feature::Map(map.autodiff().require_grad())
        }
        Feature::Vector(vector) => {
            let [_, units] = vector.dims();
            let joined = join_rows(vector.inner(), units, tower, line, traffic).await?;
            Feature::Vector(joined.autodiff().require_grad())
        }
    })
}

/// Rows of both towers side by side, tower 0 first. The other's may be shorter by one unit of an odd number.
async fn join_rows(
    own: Tensor<2>,
    units: usize,
    tower: usize,
    line: &mut impl Exchange,
    traffic: Option<&mut Traffic>,
) -> Result<Tensor<2>, LabError> {
    let ([batch, width], device) = (own.dims(), own.device());
    let numbers = download(own.clone()).await?;
    if let Some(traffic) = traffic {
        traffic.forward += bytes(&numbers);
    }
    let theirs = line.exchange(numbers).await?;
    let other = theirs.len() / batch.max(1);
    // As many units as this tower, or one more or fewer where they are odd in number.
    let per_unit = width / units.max(1);
    if theirs.len() != other * batch || other.abs_diff(width) > per_unit {
        return Err(out_of_step());
    }
    let theirs = upload(theirs, [batch, other], &device);
    let both = if tower == 0 { vec![own, theirs] } else { vec![theirs, own] };
    Ok(Tensor::cat(both, 1))
}

/// The gradient of this tower's part of a joined input: its own share and what the other found.
async fn part_back(
    joined: Feature,
    tower: usize,
    line: &mut impl Exchange,
    traffic: Option<&mut Traffic>,
) -> Result<Tensor<2>, LabError> {
    let joined = joined.into_vector();
    let [batch, width] = joined.dims();
    let part = |tower| joined.clone().slice_dim(1, share(width, 2, tower));
    let (own, theirs) = (part(tower), part(1 - tower.min(1)));
    let numbers = download(theirs).await?;
    if let Some(traffic) = traffic {
        traffic.backward += bytes(&numbers);
    }
    let ([_, own_width], device) = (own.dims(), own.device());
    let more = line.exchange(numbers).await?;
    if more.len() != batch * own_width {
        return Err(out_of_step());
    }
    Ok(own + upload(more, [batch, own_width], &device))
}

fn bytes(numbers: &[f32]) -> u64 {
    size_of_val(numbers) as u64
}

impl Feature {
    /// The gradient of a joined input.
    fn gradient(&self, grads: &mut Gradients) -> Result<Self, LabError> {
        Ok(match self {
            Self::Map(map) => Self::Map(map.grad_remove(grads).ok_or_else(no_gradient)?),
            Self::Vector(vector) => Self::Vector(vector.grad_remove(grads).ok_or_else(no_gradient)?),
        })
    }
}
