//! What can go wrong at the wasm boundary.

use super::cause::Cause;
use crate::messages;

messages! {
    /// What a JavaScript value was meant to be.
    ValueName "value" {
        /// Options of a run.
        Options => "The options of the run",
        /// A network's configuration.
        Network => "The configuration of the network",
        /// The manifest of a data set.
        Manifest => "The list of shards",
        /// The classes of a data set.
        Labels => "The list of classes",
        /// Sizes and statistics of a network's input.
        Preprocess => "The preprocessing",
    }
}

messages! {
    /// Why a call from JavaScript fails.
    EngineError "engine" {
        /// A value of another shape.
        Value {
            /// What it was meant to be.
            what: ValueName,
            /// What does not fit.
            reason: Cause,
        } => "{what} cannot be read ({reason}): check the fields and their types.",
        /// A value that cannot be passed to JavaScript.
        Result {
            /// What does not fit.
            reason: Cause,
        } => "The result cannot be passed on ({reason}): report this error.",
        /// No model in use.
        NoModel => "No model is loaded yet: wait for it, or open one.",
        /// A data set that is not known.
        NoDataset {
            /// The id asked for.
            id: String,
        } => "The data set “{id}” is not loaded: choose it again.",
        /// Images at the size of another network.
        OtherNetwork {
            /// The network that they were loaded for.
            loaded: &'static str,
            /// The network that needs them.
            network: &'static str,
        } => "These images were loaded for {loaded}: load them again for {network}.",
        /// A format that is not written.
        Format {
            /// The format asked for.
            format: String,
        } => "“{format}” is not a format that can be written: use safetensors, onnx or alexnet.",
        /// A slot that does not exist.
        Slot => "There are three runs at most: use 0, 1 or 2.",
        /// An empty slot.
        NoRun => "There is no run yet: configure one first.",
        /// No dropout mask.
        NoMask => "There is no mask yet: train a step first.",
        /// A finished network where a run was expected.
        NotARun => "This file holds a finished network, not a run: open it under Models.",
        /// A run that failed.
        NotFinite => "The weights of the run are no longer finite numbers: lower the learning rate and \
            start again.",
        /// A network of an ensemble that is not loaded.
        NoMember {
            /// Its id.
            id: String,
        } => "The network “{id}” is not loaded: load it first.",
        /// No network to start from.
        NoStart => "No network to start from was chosen: choose one first.",
        /// An input that cannot be made.
        InputSize {
            /// Side of the square in pixels.
            size: u32,
        } => "The network takes images of {size} × {size} pixels, which cannot be made here: start from \
            another network.",
        /// Images added to no data set.
        NoImageDataset => "No data set was begun: call beginDataset first.",
        /// More images than memory holds.
        Memory => "There are more images than the memory of this tab holds: remove some.",
        /// No tower.
        NoTower => "There is no tower here yet: configure one first.",
        /// A benchmark that does not exist.
        Benchmark {
            /// The name asked for.
            name: String,
        } => "“{name}” is not a benchmark: use infer or trainStep.",
        /// No benchmark prepared.
        NotPrepared => "No benchmark is prepared: call prepare first.",
    }
}
