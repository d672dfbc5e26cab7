//! Inference: a trained network with its classes and preprocessing.

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
use crate::params::{Params, Weight, check_shapes, download, upload_images, upload_weights};
use crate::protocol::{ClassLabel, NetworkConfig, Prediction, Preprocess, TestCrops, Validation};

/// Limit for the values of the largest feature map in one evaluation batch. It bounds the memory of a pass.
const BATCH_VALUES: usize = 1 << 22;

/// A network with its classes and its preprocessing, on a device. Clones share the tensors.
#[derive(Clone)]
pub struct Classifier {
    architecture: Architecture,
    weights: Vec<Weight>,
    labels: Vec<ClassLabel>,
    preprocess: Preprocess,
    compute: Compute,
}

/// The result of classifying one image.
#[derive(Debug, Clone)]
pub struct Classification {
    /// The most probable classes, best first.
    pub top: Vec<Prediction>,
    /// The crop that the network saw. With several crops, the centre one.
    pub crop: Image,
    /// Its energy score: low for a picture unlike those of training.
    pub energy: f32,
    /// Statistics of its pixels.
    pub statistics: PictureStatistics,
}

impl Classifier {
    /// Uploads a model to a device. All tensors are checked before the first upload.
    ///
    /// # Errors
    /// [`LabError`] if the tensors do not fit the network.
    pub fn new(model: &Checkpoint, compute: &Compute) -> Result<Self, LabError> {
        let architecture = architecture(model.network, model.labels.len(), model.preprocess)?;
        let params = Params::from_tensors(&architecture, &model.tensors, &compute.device)?;
        Ok(Self::from_parts(architecture, params.weights(), model.labels.clone(), model.preprocess, compute))
    }

    /// Uploads the network of an opened file to a device, one tensor at a time: host memory grows only by the
    /// largest one. All shapes are checked before the first tensor is read.
    ///
    /// # Errors
    /// [`LabError`] if the tensors do not fit the network, [`LabError::Format`] if one cannot be
    /// read.
    pub fn from_file(file: &ModelFile<'_>, compute: &Compute) -> Result<Self, LabError> {
        let info = file.info();
        let architecture = architecture(info.config, info.labels.len(), info.preprocess)?;
        let weights = upload_weights(&architecture, file, compute)?;
        let labels = info.ids.into_iter().zip(info.labels).map(|(id, name)| ClassLabel { id, name });
        Ok(Self::from_parts(architecture, weights, labels.collect(), info.preprocess, compute))
    }

    /// Checks that a model fits the network that it names, as [`Classifier::new`] does, without a device.
    ///
    /// # Errors
    /// [`LabError`] if the tensors do not fit the network.
    pub fn check(model: &Checkpoint) -> Result<(), LabError> {
        let architecture = architecture(model.network, model.labels.len(), model.preprocess)?;
        check_shapes(&architecture, |name| model.tensors.get(name).map(|tensor| tensor.shape.as_slice()))
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

    /// The classes, in the order of the logits.
    pub fn labels(&self) -> &[ClassLabel] {
        &self.labels
    }

    /// How images are resized, cropped and normalised.
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

    /// Names, shapes and values of the tensors.
    pub(crate) fn tensors(&self) -> impl DoubleEndedIterator<Item = (String, Vec<usize>, &Weight)> {
        let specs: Vec<_> = self.architecture.layers.iter().flat_map(|layer| layer.tensors()).collect();
        specs.into_iter().zip(&self.weights).map(|((name, shape, _), weight)| (name, shape, weight))
    }

    pub(crate) fn compute(&self) -> &Compute {
        &self.compute
    }

    /// The largest batch for one pass.
    pub fn max_batch(&self) -> usize {
        let largest = self.architecture.layers.iter().map(|l| l.output.iter().product::<usize>()).max();
        (BATCH_VALUES / largest.unwrap_or(1).max(1)).clamp(1, 128)
    }

    /// Logits `[samples, classes]`, row-major, of images that already have the network's input size.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] if the device was lost.
    pub async fn logits(&self, samples: &Samples) -> Result<Vec<f32>, LabError> {
        let images = samples.labels.len();
        let pixels = normalize(&samples.pixels, images, samples.size, &self.preprocess);
        self.logits_from_pixels(pixels, images).await
    }

    /// Logits of normalised NCHW values.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] if the device was lost.
    pub async fn logits_from_pixels(&self, pixels: Vec<f32>, images: usize) -> Result<Vec<f32>, LabError> {
        let x = upload_images(pixels, images, self.architecture.input_size, &self.compute.device);
        download(self.forward(x)).await
    }

    /// Logits `[batch, classes]` of normalised images `[batch, 3, size, size]`, on the device.
    pub(crate) fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        forward(&self.architecture, &self.weights, images, &Mode::Evaluate, |_, _| {}).0
    }

    /// Logits from the inputs of fc6, `[batch, units]` on the device.
    pub(crate) async fn logits_from_features(&self, features: Tensor<2>) -> Result<Vec<f32>, LabError> {
        download(forward_classifier(&self.architecture, &self.weights, features, &Mode::Evaluate, |_, _| {}))
            .await
    }

    /// Embeddings: fc7's outputs after the activation, which are the inputs of the last layer. `[samples,
    /// units]`, row-major, for images that already have the network's input size.
    ///
    /// [`LabError::ReadBack`] if the device was lost.
    pub async fn embed(&self, samples: &Samples) -> Result<Vec<f32>, LabError> {
        let images = samples.labels.len();
        let pixels = normalize(&samples.pixels, images, samples.size, &self.preprocess);
        self.embed_pixels(pixels, images).await
    }

    /// The embedding of one image of any size.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] if the device was lost.
    pub async fn embed_image(&self, image: &Image) -> Result<Vec<f32>, LabError> {
        let crop = preprocess_image(image, &self.preprocess);
        self.embed_pixels(normalize(&crop.rgb, 1, crop.width, &self.preprocess), 1).await
    }

    async fn embed_pixels(&self, pixels: Vec<f32>, images: usize) -> Result<Vec<f32>, LabError> {
        let x = upload_images(pixels, images, self.architecture.input_size, &self.compute.device);
        let (features, _) =
            forward_convolutions(&self.architecture, &self.weights, x, &Mode::Evaluate, |_, _| {});
        self.embed_features(features).await
    }

    /// Embeddings from the inputs of fc6, `[batch, units]` on the device.
    pub(crate) async fn embed_features(&self, features: Tensor<2>) -> Result<Vec<f32>, LabError> {
        // The observer is called with the last layer's output last; the vector before it is that layer's
        // input.
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

    /// The output of every layer for normalised NCHW values, by layer name.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] if the device was lost.
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

    /// Classifies an image of any size: the `top` classes by the mean softmax over its crops (test-time
    /// augmentation; the paper's ten views).
    ///
    /// # Errors
    /// [`LabError::ReadBack`] if the device was lost.
    pub async fn classify(
        &self,
        image: &Image,
        crops: TestCrops,
        top: usize,
    ) -> Result<Classification, LabError> {
        let seen = test_crops(image, &self.preprocess, crops);
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

    /// Reads the weights back into a model that can be saved.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] if the device was lost.
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

/// The layers of a network, if the file's number of classes and input size match it.
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

/// The `top` classes of one row of logits.
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

/// Accumulates loss, correct predictions and the confusion matrix over batches.
#[derive(Debug, Clone)]
pub struct ValidationCounter {
    classes: usize,
    images: u32,
    loss: f64,
    top1: u32,
    top5: u32,
    confusion: Vec<u32>,
}

impl ValidationCounter {
    /// Starts with no samples.
    pub fn new(classes: usize) -> Self {
        Self { classes, images: 0, loss: 0.0, top1: 0, top5: 0, confusion: vec![0; classes * classes] }
    }

    /// Adds a batch: logits `[samples, classes]`, row-major, and the true classes.
    pub fn add(&mut self, logits: &[f32], labels: &[u32]) {
        self.images += labels.len() as u32;
        self.loss += loss::cross_entropy_sum(logits, labels, self.classes, 0.0);
        let (top1, top5) = correct_counts(logits, labels, self.classes);
        self.top1 += top1;
        self.top5 += top5;
        for (row, &label) in logits.chunks(self.classes.max(1)).zip(labels) {
            let guess = top_k(row, 1).first().map_or(0, |(index, _)| *index);
            if let Some(count) = self.confusion.get_mut(label as usize * self.classes + guess) {
                *count += 1;
            }
        }
    }

    /// Mean loss, top-1 and top-5 accuracy, and the confusion matrix.
    pub fn validation(self) -> Validation {
        let images = f64::from(self.images.max(1));
        Validation {
            images: self.images,
            loss: (self.loss / images) as f32,
            top1: (f64::from(self.top1) / images) as f32,
            top5: (f64::from(self.top5) / images) as f32,
            confusion: self.confusion,
        }
    }
}
