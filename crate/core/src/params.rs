//! The tensors of a network, in the order of its layers.
//!
//! Each is kept flat (rank 1, row-major in PyTorch's layout): optimiser, averaging, saving and counting
//! treat all alike, and a layer reshapes its own, which moves nothing.

use burn::tensor::{Device, Tensor, TensorData};

use crate::architecture::Architecture;
use crate::error::LabError;
use crate::format::{self, FormatError, ModelFile, Tensors};

/// One tensor of the network.
#[derive(Debug, Clone)]
pub struct Param {
    /// torchvision's key.
    pub name: String,
    /// Outermost dimension first: convolutions OIHW, fully connected `[out, in]`.
    pub shape: Vec<usize>,
    /// Whether gradients change it (running statistics are not trained).
    pub trainable: bool,
    /// Whether it belongs to the convolutions.
    pub feature: bool,
    /// The values, flat, never on an autodiff device.
    pub value: Tensor<1>,
}

/// All tensors of a network.
#[derive(Debug, Clone)]
pub struct Params(pub Vec<Param>);

impl Params {
    /// Builds every tensor of an architecture from `values(index, name, shape)`.
    ///
    /// # Errors
    /// Those of `values`.
    pub fn build(
        architecture: &Architecture,
        device: &Device,
        mut values: impl FnMut(usize, &str, &[usize]) -> Result<Vec<f32>, LabError>,
    ) -> Result<Self, LabError> {
        let specs = architecture.layers.iter().flat_map(|layer| layer.tensors());
        let params = specs.enumerate().map(|(i, (name, shape, trainable))| {
            let value = upload(values(i, &name, &shape)?, device);
            let feature = name.starts_with("features.");
            Ok(Param { name, shape, trainable, feature, value })
        });
        Ok(Self(params.collect::<Result<_, LabError>>()?))
    }

    /// Takes the weights of a file, all of them checked before any is uploaded.
    ///
    /// # Errors
    /// [`LabError::Weights`] when a tensor is missing or has another shape.
    pub fn from_tensors(
        architecture: &Architecture,
        tensors: &Tensors,
        device: &Device,
    ) -> Result<Self, LabError> {
        check(architecture, |name| tensors.get(name).map(|tensor| tensor.shape.as_slice()))?;
        for (name, tensor) in tensors {
            if tensor.data.len() != tensor.shape.iter().product::<usize>() {
                let (name, shape, numbers) = (name.clone(), tensor.shape.clone(), tensor.data.len());
                return Err(FormatError::Shape { name, shape, numbers }.into());
            }
        }
        Self::build(architecture, device, |_, name, _| {
            Ok(tensors.get(name).map(|t| t.data.clone()).unwrap_or_default())
        })
    }

    /// Takes the weights of an opened file one after another, so that no second copy of them is made; all shapes are
    /// checked before any is read.
    ///
    /// # Errors
    /// [`LabError::Weights`] when a tensor is missing or has another shape, [`LabError::Format`] when one cannot be
    /// read.
    pub fn from_file(
        architecture: &Architecture,
        file: &ModelFile<'_>,
        device: &Device,
    ) -> Result<Self, LabError> {
        check(architecture, |name| file.shape(name))?;
        Self::build(architecture, device, |_, name, _| Ok(file.tensor(name)?.data))
    }

    /// Reads every tensor back.
    ///
    /// # Errors
    /// [`LabError::Device`] when the device was lost.
    pub async fn read(&self) -> Result<Tensors, LabError> {
        let mut tensors = Tensors::new();
        for param in &self.0 {
            let data = download(param.value.clone()).await?;
            tensors.insert(param.name.clone(), format::Tensor { shape: param.shape.clone(), data });
        }
        Ok(tensors)
    }
}

/// Holds the shapes of a file's tensors against a network's.
fn check<'a>(
    architecture: &Architecture,
    shape_of: impl Fn(&str) -> Option<&'a [usize]>,
) -> Result<(), LabError> {
    let network = architecture.config.network;
    for (name, shape, _) in architecture.layers.iter().flat_map(|layer| layer.tensors()) {
        match shape_of(&name) {
            Some(found) if found == shape => {}
            Some(found) => {
                return Err(LabError::Weights(format!(
                    "{name} has the shape {found:?} where {network} needs {shape:?}: these weights belong to another network."
                )));
            }
            None => {
                return Err(LabError::Weights(format!(
                    "The weights lack {name}, which {network} needs: they belong to another network."
                )));
            }
        }
    }
    Ok(())
}

/// Puts values on a device as a flat tensor.
pub(crate) fn upload(values: Vec<f32>, device: &Device) -> Tensor<1> {
    let length = values.len();
    Tensor::from_data(TensorData::new(values, [length]), device)
}

/// Reads a tensor back as f32.
pub(crate) async fn download<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, LabError> {
    let data = tensor.into_data_async().await.map_err(LabError::read_back)?;
    data.try_into_vec::<f32>().map_err(|e| LabError::read_back(format!("{e:?}")))
}

/// Uploads normalised NCHW floats.
pub(crate) fn upload_images(pixels: Vec<f32>, batch: usize, size: usize, device: &Device) -> Tensor<4> {
    Tensor::from_data(TensorData::new(pixels, [batch, 3, size, size]), device)
}
