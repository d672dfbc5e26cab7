//! The compute device. The only file whose code depends on the target and on the enabled backends.

use burn::tensor::Device;

use crate::error::LabError;
use crate::protocol::Backend;
#[cfg(feature = "webgpu")]
use crate::protocol::messages::Cause;

/// A device to compute on.
#[derive(Debug, Clone)]
pub struct Compute {
    pub(crate) device: Device,
    /// The backend of the device. Never [`Backend::Auto`].
    pub backend: Backend,
}

impl Compute {
    /// The SIMD CPU backend (burn-flex). Always available, and bit-for-bit reproducible.
    pub fn cpu() -> Self {
        Self { device: Device::flex(), backend: Backend::Cpu }
    }

    /// WebGPU in the browser, wgpu natively. In the browser each worker can open it only once.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] if there is no adapter or this build has no GPU backend.
    #[cfg(feature = "webgpu")]
    pub async fn webgpu() -> Result<Self, LabError> {
        match Device::wgpu_options().init_async().await {
            Ok(device) => Ok(Self { device, backend: Backend::WebGpu }),
            Err(error) => Err(LabError::NoGpu { reason: Cause::of(&error) }),
        }
    }

    /// WebGPU in the browser, wgpu natively: not part of this build.
    ///
    /// # Errors
    /// Always [`LabError`].
    #[cfg(not(feature = "webgpu"))]
    pub async fn webgpu() -> Result<Self, LabError> {
        Err(LabError::NoGpuBuild)
    }

    /// Opens a backend. `auto` opens the CPU, because only the caller can tell a real GPU from a software
    /// one.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] if the backend is not available.
    pub async fn open(backend: Backend) -> Result<Self, LabError> {
        match backend {
            Backend::Cpu | Backend::Auto => Ok(Self::cpu()),
            Backend::WebGpu => Self::webgpu().await,
        }
    }

    /// The NVIDIA device with this index.
    #[cfg(feature = "cuda")]
    pub fn cuda(index: usize) -> Self {
        Self { device: Device::cuda(index), backend: Backend::WebGpu }
    }
}
