//! Chooses the device to compute on.

use std::str::FromStr;

use alexnet::Compute;
use alexnet_protocol::Backend;
use alexnet_protocol::messages::NameError;
use anyhow::Result;

use crate::report;

/// A value of `--backend`: the protocol's backends and CUDA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackendChoice {
    Protocol(Backend),
    Cuda,
}

impl FromStr for BackendChoice {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match text {
            "cuda" => Ok(Self::Cuda),
            _ => Backend::from_str(text).map(Self::Protocol).map_err(|NameError::Unknown { text, known }| {
                NameError::Unknown { text, known: format!("{known}, cuda") }
            }),
        }
    }
}

/// Opens a device and prints on stderr which one and why.
///
/// # Errors
/// If the requested backend is not available. `auto` falls back to the CPU.
pub fn open(choice: BackendChoice) -> Result<Compute> {
    let (compute, why) = match choice {
        BackendChoice::Protocol(Backend::Cpu) => (Compute::cpu(), String::new()),
        BackendChoice::Protocol(Backend::WebGpu) => {
            (pollster::block_on(Compute::webgpu())?, adapter().unwrap_or_else(|reason| reason))
        }
        BackendChoice::Protocol(Backend::Auto) => match adapter() {
            Ok(name) => match pollster::block_on(Compute::webgpu()) {
                Ok(compute) => (compute, name),
                Err(error) => (Compute::cpu(), error.to_string()),
            },
            Err(reason) => (Compute::cpu(), reason),
        },
        BackendChoice::Cuda => cuda()?,
    };
    let name = if choice == BackendChoice::Cuda { "cuda" } else { compute.backend.name() };
    report::note(&match why.is_empty() {
        true => format!("backend: {name}"),
        false => format!("backend: {name} ({})", why.trim_end_matches('.')),
    });
    Ok(compute)
}

#[cfg(feature = "cuda")]
fn cuda() -> Result<(Compute, String)> {
    Ok((Compute::cuda(0), String::new()))
}

#[cfg(not(feature = "cuda"))]
fn cuda() -> Result<(Compute, String)> {
    anyhow::bail!(
        "this build has no CUDA backend: build it with `--features cuda`, or choose another backend"
    )
}

/// The name of a real GPU, or why there is none. Software adapters do not count: they are slower than the CPU
/// backend.
#[cfg(feature = "webgpu")]
fn adapter() -> Result<String, String> {
    use wgpu::{Backends, DeviceType, Instance};
    let adapters = pollster::block_on(Instance::default().enumerate_adapters(Backends::all()));
    let infos: Vec<_> = adapters.iter().map(|adapter| adapter.get_info()).collect();
    let real = [DeviceType::DiscreteGpu, DeviceType::IntegratedGpu, DeviceType::VirtualGpu];
    match real.iter().find_map(|kind| infos.iter().find(|info| info.device_type == *kind)) {
        Some(info) => Ok(info.name.clone()),
        None => Err(match infos.first() {
            Some(info) => format!("the only GPU adapter, {}, is software", info.name),
            None => "no GPU was found".into(),
        }),
    }
}

#[cfg(not(feature = "webgpu"))]
fn adapter() -> Result<String, String> {
    Err("this build has no GPU backend".into())
}
