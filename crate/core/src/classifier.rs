//! A network in use: pictures in, probabilities out.

use burn::tensor::Tensor;

use crate::architecture::Architecture;
use crate::data::{Image, Samples, normalize, preprocess_image, test_crops};
use crate::device::Compute;
use crate::error::LabError;
use crate::format::{Checkpoint, ModelFile, Tensors};
use crate::loss;
use crate::metrics::{correct_counts, mean_softmax, softmax, top_k};
use crate::network::{Feature, Mode, forward, forward_classifier, forward_convolutions};
use crate::out_of_distribution::{PictureStatistics, energy_score, picture_statistics};
use crate::params::{Params, Weight, check, download, read_weights, upload_images};
use crate::protocol::{ClassLabel, NetworkConfig, Prediction, Preprocess, Validation, Views};

/// Values of the largest feature map that a batch of judged images may hold: bounds the memory of a pass.
const BATCH_VALUES: usize = 1 << 22;

/// A network with its classes and its preprocessing, on a device. A clone shares the tensors.
#[derive(Clone)]
pub struct Classifier {
    architecture: Architecture,
    weights: Vec<Weight>,
    labels: Vec<ClassLabel>,
    preprocess: Preprocess,
    compute: Compute,
}

/// What a picture was taken for.
#[derive(Debug, Clone)]
pub struct Classification {
    /// Best first.
    pub top: Vec<Prediction>,
    /// The square that the network saw; of several views, the one from the centre.
    pub crop: Image,
    /// Its energy score: low for a picture unlike those of training.
    pub energy: f32,
    /// Statistics of its pixels.
    pub statistics: PictureStatistics,
}

impl Classifier {
    /// Puts a model on a device, its tensors checked before any is uploaded.
    ///
    /// # Errors
    /// [`LabError`] when the tensors do not fit the network.
    pub fn new(model: &Checkpoint, compute: &Compute) -> Result<Self, LabError> {
        let architecture = architecture(model.network, model.labels.len(), model.preprocess)?;
        let params = Params::from_tensors(&architecture, &model.tensors, &compute.device)?;
        Ok(Self::from_parts(architecture, params.weights(), model.labels.clone(), model.preprocess, compute))
    }

    /// Puts the network of an opened file on a device, tensor by tensor: beside the device's own memory, that of the
    /// largest one is taken. Shapes are checked before any tensor is read.
    ///
    /// # Errors
    /// [`LabError`] when the tensors do not fit the network, [`LabError::Format`] when one cannot be read.
    pub fn from_file(file: &ModelFile<'_>, compute: &Compute) -> Result<Self, LabError> {
        let info = file.info();
        let architecture = architecture(info.config, info.labels.len(), info.preprocess)?;
        let weights = read_weights(&architecture, file, compute)?;
        let labels = info.ids.into_iter().zip(info.labels).map(|(id, name)| ClassLabel { id, name });
        Ok(Self::from_parts(architecture, weights, labels.collect(), info.preprocess, compute))
    }

    /// Whether a model fits the network that it names, as [`Classifier::new`] wants it; nothing is put on a device.
    ///
    /// # Errors
    /// [`LabError`] when the tensors do not fit the network.
    pub fn check(model: &Checkpoint) -> Result<(), LabError> {
        let architecture = architecture(model.network, model.labels.len(), model.preprocess)?;
        check(&architecture, |name| model.tensors.get(name).map(|tensor| tensor.shape.as_slice()))
    }

    pub(crate) fn from_parts(
        architecture: Architecture,
        weights: Vec<Weight>,
        labels: Vec<ClassLabel>,
        preprocess: Preprocess,
        compute: &Compute,
    ) -> Self {
        Self { architecture, weights, labels, preprocess, compute: compute.clone() }
    }

    /// The classes, in order.
    pub fn labels(&self) -> &[ClassLabel] {
        &self.labels
    }

    /// How pictures go in.
    pub fn preprocess(&self) -> Preprocess {
        self.preprocess
    }

    /// The layers.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    pub(crate) fn weights(&self) -> &[Weight] {
        &self.weights
    }

    /// Names and shapes of the tensors, beside them.
    pub(crate) fn tensors(&self) -> impl DoubleEndedIterator<Item = (String, Vec<usize>, &Weight)> {
        let specs: Vec<_> = self.architecture.layers.iter().flat_map(|layer| layer.tensors()).collect();
        specs.into_iter().zip(&self.weights).map(|((name, shape, _), weight)| (name, shape, weight))
    }

    pub(crate) fn compute(&self) -> &Compute {
        &self.compute
    }

    /// How many images a pass takes at most.
    pub fn batch(&self) -> usize {
        let largest = self.architecture.layers.iter().map(|l| l.output.iter().product::<usize>()).max();
        (BATCH_VALUES / largest.unwrap_or(1).max(1)).clamp(1, 128)
    }

    /// Logits of images at the network's size, row by row.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] when the device was lost.
    pub async fn logits(&self, samples: &Samples) -> Result<Vec<f32>, LabError> {
        let images = samples.labels.len();
        let pixels = normalize(&samples.pixels, images, samples.size, &self.preprocess);
        self.logits_from_pixels(pixels, images).await
    }

    /// Logits of normalised NCHW floats.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] when the device was lost.
    pub async fn logits_from_pixels(&self, pixels: Vec<f32>, images: usize) -> Result<Vec<f32>, LabError> {
        let x = upload_images(pixels, images, self.architecture.input_size, &self.compute.device);
        download(self.forward(x)).await
    }

    /// Logits `[batch, classes]` of normalised images `[batch, 3, size, size]`, on the device.
    pub(crate) fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        forward(&self.architecture, &self.weights, images, &Mode::Evaluate, |_, _| {}).0
    }

    /// Logits from fc6's inputs, `[images, units]` on the device.
    pub(crate) async fn logits_from_features(&self, features: Tensor<2>) -> Result<Vec<f32>, LabError> {
        download(forward_classifier(&self.architecture, &self.weights, features, &Mode::Evaluate, |_, _| {}))
            .await
    }

    /// fc7's outputs behind their activation for images at the network's size, row by row: what the last layer
    /// decides by.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] when the device was lost.
    pub async fn embed(&self, samples: &Samples) -> Result<Vec<f32>, LabError> {
        let images = samples.labels.len();
        let pixels = normalize(&samples.pixels, images, samples.size, &self.preprocess);
        self.embed_pixels(pixels, images).await
    }

    /// fc7's outputs for a picture of any size.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] when the device was lost.
    pub async fn embed_image(&self, picture: &Image) -> Result<Vec<f32>, LabError> {
        let crop = preprocess_image(picture, &self.preprocess);
        self.embed_pixels(normalize(&crop.rgb, 1, crop.width, &self.preprocess), 1).await
    }

    async fn embed_pixels(&self, pixels: Vec<f32>, images: usize) -> Result<Vec<f32>, LabError> {
        let x = upload_images(pixels, images, self.architecture.input_size, &self.compute.device);
        let (features, _) =
            forward_convolutions(&self.architecture, &self.weights, x, &Mode::Evaluate, |_, _| {});
        self.embed_features(features).await
    }

    /// fc7's outputs from fc6's inputs, `[images, units]` on the device.
    pub(crate) async fn embed_features(&self, features: Tensor<2>) -> Result<Vec<f32>, LabError> {
        // The last layer's output comes last, what goes into it before.
        let (mut hidden, mut newest) = (features.clone(), None);
        forward_classifier(&self.architecture, &self.weights, features, &Mode::Evaluate, |_, feature| {
            if let Feature::Vector(vector) = feature
                && let Some(before) = newest.replace(vector)
            {
                hidden = before;
            }
        });
        download(hidden).await
    }

    /// Outputs of every layer for normalised NCHW floats, by the layer's name.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] when the device was lost.
    pub async fn features(&self, pixels: Vec<f32>, images: usize) -> Result<Tensors, LabError> {
        let x = upload_images(pixels, images, self.architecture.input_size, &self.compute.device);
        let mut seen = Vec::new();
        forward(&self.architecture, &self.weights, x, &Mode::Evaluate, |layer, feature| {
            seen.push((layer.name.clone(), feature));
        });
        let mut tensors = Tensors::new();
        for (name, feature) in seen {
            let (shape, data) = match feature {
                Feature::Map(t) => (t.dims().to_vec(), download(t).await?),
                Feature::Vector(t) => (t.dims().to_vec(), download(t).await?),
            };
            tensors.insert(name, crate::format::Tensor { shape, data });
        }
        Ok(tensors)
    }

    /// The `top` best guesses for a picture of any size, by the mean of its views' probabilities.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] when the device was lost.
    pub async fn classify(
        &self,
        picture: &Image,
        which: Views,
        top: usize,
    ) -> Result<Classification, LabError> {
        let seen = test_crops(picture, &self.preprocess, which);
        let logits = self.logits(&seen).await?;
        let probabilities = mean_softmax(&logits, self.labels.len());
        // The first view is the centre, which the threshold was found on.
        let energy = energy_score(logits.get(..self.labels.len()).unwrap_or(&logits));
        let centre = seen.image(0).unwrap_or_default().to_vec();
        let crop = Image { width: seen.size, height: seen.size, rgb: centre };
        let statistics = picture_statistics(&crop);
        Ok(Classification {
            top: top_predictions(&probabilities, &self.labels, top),
            crop,
            energy,
            statistics,
        })
    }

    /// The model as it can be stored.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] when the device was lost.
    pub async fn model(&self) -> Result<Checkpoint, LabError> {
        let mut tensors = Tensors::new();
        for (name, shape, weight) in self.tensors() {
            let data = download(weight.float(&self.compute.device)).await?;
            tensors.insert(name, crate::format::Tensor { shape, data });
        }
        Ok(Checkpoint {
            network: self.architecture.config,
            labels: self.labels.clone(),
            preprocess: self.preprocess,
            calibration: None,
            origin: None,
            tensors,
            run: None,
        })
    }
}

/// The layers, where a file's classes and pictures fit them.
fn architecture(
    network: NetworkConfig,
    labels: usize,
    preprocess: Preprocess,
) -> Result<Architecture, LabError> {
    let architecture = Architecture::new(network)?;
    if labels != network.classes as usize {
        return Err(LabError::FileClasses { labels, classes: network.classes });
    }
    if preprocess.crop as usize != architecture.input_size {
        return Err(LabError::FileCrop { crop: preprocess.crop, size: architecture.input_size });
    }
    Ok(architecture)
}

/// The `top` best guesses of one row of logits.
pub fn predictions(logits: &[f32], labels: &[ClassLabel], top: usize) -> Vec<Prediction> {
    top_predictions(&softmax(logits), labels, top)
}

/// The `top` most probable classes.
pub(crate) fn top_predictions(probabilities: &[f32], labels: &[ClassLabel], top: usize) -> Vec<Prediction> {
    top_k(probabilities, top)
        .into_iter()
        .map(|(index, probability)| Prediction {
            index: index as u32,
            label: labels.get(index).map(|label| label.name.clone()).unwrap_or_default(),
            probability,
        })
        .collect()
}

/// Adds up losses, hits and confusions over batches.
#[derive(Debug, Clone)]
pub struct ValidationCounter {
    classes: usize,
    images: u32,
    loss: f64,
    first: u32,
    five: u32,
    confusion: Vec<u32>,
}

impl ValidationCounter {
    /// Nothing judged yet.
    pub fn new(classes: usize) -> Self {
        Self { classes, images: 0, loss: 0.0, first: 0, five: 0, confusion: vec![0; classes * classes] }
    }

    /// Adds a batch: logits row by row and the right classes.
    pub fn add(&mut self, logits: &[f32], labels: &[u32]) {
        self.images += labels.len() as u32;
        self.loss += loss::cross_entropy_sum(logits, labels, self.classes, 0.0);
        let (first, five) = correct_counts(logits, labels, self.classes);
        self.first += first;
        self.five += five;
        for (row, &label) in logits.chunks(self.classes.max(1)).zip(labels) {
            let guess = top_k(row, 1).first().map_or(0, |(index, _)| *index);
            if let Some(count) = self.confusion.get_mut(label as usize * self.classes + guess) {
                *count += 1;
            }
        }
    }

    /// The rates.
    pub fn validation(self) -> Validation {
        let images = f64::from(self.images.max(1));
        Validation {
            images: self.images,
            loss: (self.loss / images) as f32,
            top1: (f64::from(self.first) / images) as f32,
            top5: (f64::from(self.five) / images) as f32,
            confusion: self.confusion,
        }
    }
}
