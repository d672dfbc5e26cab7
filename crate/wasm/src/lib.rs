//! The wasm-bindgen interface: bytes in, values out. It only converts; the core computes.
//!
//! One [`Lab`] per worker. Its async methods borrow it, so the worker must call them one after another.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bench;
mod convert;
mod datasets;
#[cfg(feature = "experiments")]
mod experiments;
mod explain;
mod fine_tune;
mod image_dataset;
mod intake;
mod lab;
mod lab_state;
mod model_parallel;
mod nearest_neighbors;
mod parity;
mod training;

#[cfg(feature = "experiments")]
pub use experiments::Experiments;
pub use lab::Lab;

use wasm_bindgen::prelude::wasm_bindgen;

#[cfg(target_arch = "wasm32")]
unsafe extern "C" {
    fn __wasm_call_ctors();
}

/// Called once, when the module is instantiated.
#[wasm_bindgen(start)]
pub fn start() {
    // Without this call wasm-ld wraps every export to run all static constructors on each call from
    // JavaScript, 1.5 ms each.
    #[cfg(target_arch = "wasm32")]
    // SAFETY: the linker provides it, and it runs only here, once.
    unsafe {
        __wasm_call_ctors();
    }
    console_error_panic_hook::set_once();
}
