//! Which device to compute on, and why.

use std::str::FromStr;

use alexnet::Compute;
use alexnet_protocol::Backend;
use alexnet_protocol::messages::NameError;
use anyhow::Result;

use crate::report;

/// What `--backend` takes: the protocol's backends and NVIDIA's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    Protocol(Backend),
    Cuda,
}

impl FromStr for Choice {
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

/// Opens a device and says on stderr which and why.
///
/// # Errors
/// When the backend that was asked for is not there; `auto` falls back to the CPU.
pub fn open(choice: Choice) -> Result<Compute> {
    let (compute, why) = match choice {
        Choice::Protocol(Backend::Cpu) => (Compute::cpu(), String::new()),
        Choice::Protocol(Backend::WebGpu) => {
            (pollster::block_on(Compute::webgpu())?, adapter().unwrap_or_else(|reason| reason))
        }
        Choice::Protocol(Backend::Auto) => match adapter() {
            Ok(name) => match pollster::block_on(Compute::webgpu()) {
                Ok(compute) => (compute, name),
                Err(error) => (Compute::cpu(), error.to_string()),
            },
            Err(reason) => (Compute::cpu(), reason),
        },
        Choice::Cuda => cuda()?,
    };
    let name = if choice == Choice::Cuda { "cuda" } else { compute.backend.name() };
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

/// The name of a real GPU, or why there is none: a software adapter computes on the CPU, and slower than the
/// CPU backend does.
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
