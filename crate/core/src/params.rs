//! The tensors of a network, in the order of its layers.
//!
//! Each is stored flat (rank 1, row-major in PyTorch's layout), so that optimiser, averaging, saving and
//! counting treat all alike. A layer reshapes its own, which copies nothing.

use std::sync::Arc;

use alexnet_kernels::linear::Int8Weights;
use burn::backend::Dispatch;
use burn::backend::ops::{FloatTensorOps, IntTensorOps};
use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::architecture::Architecture;
use crate::device::Compute;
use crate::error::LabError;
use crate::format::{self, FormatError, ModelFile, ScaledBytes, Tensors};
use crate::protocol::Backend;

/// One tensor of the network.
#[derive(Debug, Clone)]
pub struct Param {
    /// Key in torchvision's state dict.
    pub name: String,
    /// Outermost dimension first: OIHW for convolutions, `[out, in]` for fully connected layers.
    pub shape: Vec<usize>,
    /// Whether it is trained by gradients. Running statistics are not.
    pub trainable: bool,
    /// Whether it belongs to the convolutions (torchvision's `features`).
    pub is_convolution: bool,
    /// The values, flat, never on an autodiff device.
    pub value: Tensor<1>,
}

/// A weight tensor as the forward pass reads it.
// A network has two dozen, and nearly all are of the larger variant, so boxing it would save nothing.
#[allow(clippy::large_enum_variant)]
#[derive(Debug, Clone)]
pub enum Weight {
    /// Single precision, flat, tracked by autodiff or not.
    Float(Tensor<1>),
    /// Int8 weights of a fully connected layer, CPU only. A quarter of the memory, and faster where reading
    /// the weights is the bottleneck.
    Int8(Arc<Int8Weights>),
}

impl Weight {
    /// The weight in single precision. Int8 weights are dequantised into a new tensor.
    // Not inlined: called in a dozen places, and one copy keeps the wasm small.
    #[inline(never)]
    pub fn float(&self, device: &Device) -> Tensor<1> {
        match self {
            Self::Float(tensor) => tensor.clone(),
            Self::Int8(weight) => {
                let mut values = vec![0.0; weight.values.len()];
                weight.dequantize(0, &mut values);
                upload_flat(values, device)
            }
        }
    }
}

impl From<Tensor<1>> for Weight {
    fn from(tensor: Tensor<1>) -> Self {
        Self::Float(tensor)
    }
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
            let value = upload_flat(values(i, &name, &shape)?, device);
            let is_convolution = name.starts_with("features.");
            Ok(Param { name, shape, trainable, is_convolution, value })
        });
        Ok(Self(params.collect::<Result<_, LabError>>()?))
    }

    /// Uploads the weights of a file. All are checked before the first upload.
    ///
    /// # Errors
    /// [`LabError`] if a tensor is missing or has another shape.
    pub fn from_tensors(
        architecture: &Architecture,
        tensors: &Tensors,
        device: &Device,
    ) -> Result<Self, LabError> {
        check_shapes(architecture, |name| tensors.get(name).map(|tensor| tensor.shape.as_slice()))?;
        for (name, tensor) in tensors {
            if tensor.data.len() != tensor.shape.iter().product::<usize>() {
                let (name, shape, numbers) = (name.clone(), tensor.shape.clone().into(), tensor.data.len());
                return Err(FormatError::Shape { name, shape, numbers }.into());
            }
        }
        Self::build(architecture, device, |_, name, _| {
            Ok(tensors.get(name).map(|t| t.data.clone()).unwrap_or_default())
        })
    }

    /// The tensors for a forward pass.
    pub fn weights(&self) -> Vec<Weight> {
        self.0.iter().map(|param| param.value.clone().into()).collect()
    }

    /// Reads every tensor back.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] if the device was lost.
    pub async fn read(&self) -> Result<Tensors, LabError> {
        let mut tensors = Tensors::new();
        for param in &self.0 {
            let data = download(param.value.clone()).await?;
            tensors.insert(param.name.clone(), format::Tensor { shape: param.shape.clone(), data });
        }
        Ok(tensors)
    }
}

/// Uploads the weights of an opened file one by one, without a second copy of all of them. All shapes are
/// checked before the first read. On the CPU, int8 weights of fully connected layers stay int8.
///
/// # Errors
/// [`LabError`] if a tensor is missing or has another shape, [`LabError::Format`] if one cannot be
/// read.
pub(crate) fn upload_weights(
    architecture: &Architecture,
    file: &ModelFile<'_>,
    compute: &Compute,
) -> Result<Vec<Weight>, LabError> {
    check_shapes(architecture, |name| file.shape(name))?;
    let specs = architecture.layers.iter().flat_map(|layer| layer.tensors());
    let weights = specs.map(|(name, shape, _)| {
        if compute.backend == Backend::Cpu
            && shape.len() == 2
            && let Some(ScaledBytes { bytes: values, scales }) = file.bytes(&name)?
        {
            return Ok(Weight::Int8(Arc::new(Int8Weights { values, scales })));
        }
        Ok(upload_flat(file.tensor(&name)?.data, &compute.device).into())
    });
    weights.collect()
}

/// Checks the shapes of a file's tensors against a network's.
pub(crate) fn check_shapes<'a>(
    architecture: &Architecture,
    shape_of: impl Fn(&str) -> Option<&'a [usize]>,
) -> Result<(), LabError> {
    let network = architecture.config.network.name();
    for (name, shape, _) in architecture.layers.iter().flat_map(|layer| layer.tensors()) {
        match shape_of(&name) {
            Some(found) if found == shape => {}
            Some(found) => {
                let (found, needed) = (found.into(), shape.into());
                return Err(LabError::TensorShape { name, found, network, needed });
            }
            None => return Err(LabError::TensorMissing { name, network }),
        }
    }
    Ok(())
}

/// Uploads values to a device. `Tensor::from_data` does the same, but pulls burn's conversions between all
/// number types and its quantised tensors into the wasm.
pub(crate) fn upload<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::float_from_data(TensorData::new(values, shape), device.as_dispatch()))
}

/// [`upload`] of a vector.
pub(crate) fn upload_flat(values: Vec<f32>, device: &Device) -> Tensor<1> {
    let length = values.len();
    upload(values, [length], device)
}

/// [`upload`] of indices.
pub(crate) fn upload_indices(indices: Vec<i32>, device: &Device) -> Tensor<1, Int> {
    let length = indices.len();
    Tensor::from_dispatch(Dispatch::int_from_data(TensorData::new(indices, [length]), device.as_dispatch()))
}

/// Reads a tensor back as f32.
pub(crate) async fn download<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, LabError> {
    let data = tensor.into_data_async().await.map_err(|e| LabError::read_back(&e))?;
    data.try_into_vec::<f32>().map_err(|e| LabError::read_back(&format!("{e:?}")))
}

/// Uploads normalised NCHW values.
pub(crate) fn upload_images(pixels: Vec<f32>, batch: usize, size: usize, device: &Device) -> Tensor<4> {
    upload(pixels, [batch, 3, size, size], device)
}
