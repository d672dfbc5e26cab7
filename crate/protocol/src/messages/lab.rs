//! What can go wrong in the core: networks, runs, devices.

use super::cause::Cause;
use super::data::DataError;
use super::format::FormatError;
use super::options::{NetworkError, OptionError};
use crate::message::Shape;
use crate::messages;

messages! {
    /// Why the core cannot do what it is asked for.
    LabError "lab" {
        /// A layer that the network does not have.
        NoLayer {
            /// The name asked for.
            layer: String,
        } => "This network has no layer “{layer}”: choose one of its own.",
        /// A network without layers.
        NoLayers => "The network has no layers: its file is damaged, so use another.",
        /// A network without convolutions.
        NoConvolutions => "The network has no convolutions: its file is damaged, so use another.",
        /// A class that the network does not have.
        NoClass {
            /// The index asked for.
            class: u32,
        } => "This network has no class number {class}: choose one of its own.",
        /// Pixels for a network with another input.
        CropSize {
            /// The network's input side in pixels.
            size: usize,
        } => "The image was cropped for another network, this one takes {size} × {size} pixels: classify it \
            again.",
        /// Networks of different classes side by side.
        EnsembleClasses => "These networks know different classes: only networks with the same classes can \
            be averaged.",
        /// Optimiser state that does not match the weights.
        OptimizerState {
            /// The tensor's name.
            name: String,
        } => "The saved state of the optimiser does not fit the weights of {name}: the file is damaged, so \
            use another.",
        /// The teachers' share out of range.
        TeacherShare {
            /// The share asked for.
            share: f64,
        } => "The teachers' share is {share}: it must be above 0 and at most 1.",
        /// No teacher for a run that has one.
        NoTeacher => "The run learns from other networks and was given none: name them, on the command line \
            with --teacher.",
        /// A teacher of other classes.
        TeacherClasses => "A teacher knows other classes than the data set has: choose one that was trained \
            on it.",
        /// A teacher with another input.
        TeacherInput {
            /// The teacher's input side in pixels.
            teacher: u32,
            /// The run's input side in pixels.
            run: u32,
        } => "A teacher takes images of {teacher} pixels and the run images of {run} pixels, or they scale \
            the values differently: both must take the same.",
        /// A width that is not smaller.
        NarrowWidth {
            /// The model's width.
            width: f64,
            /// The width asked for.
            wanted: f64,
        } => "The model has width {width}: a network made from it can be narrower, but not {wanted}.",
        /// A network of two towers made narrower.
        NarrowTowers => "A network of two towers cannot be made narrower: use another model.",
        /// A tensor that does not match the network.
        DamagedTensor {
            /// The tensor's name.
            name: String,
        } => "The model's tensor “{name}” does not fit its network: the file is damaged, so use another.",
        /// Fewer than two models to average.
        AverageOne => "An average needs two models at least: name another.",
        /// Models that cannot be averaged.
        AverageKinds => "Only networks with the same layers, width and classes can be averaged: choose \
            models of one kind.",
        /// No last layer to calibrate.
        NoLastLayer {
            /// The tensor's name.
            name: String,
        } => "The file lacks {name}, a tensor of the last layer, so it cannot be calibrated: use another \
            file.",
        /// Labels and outputs that do not match.
        FileClasses {
            /// Labels in the file.
            labels: usize,
            /// Outputs of the network.
            classes: u32,
        } => "The file names {labels} classes, but its network has {classes}: it is damaged, so use another.",
        /// Preprocessing and input that do not match.
        FileCrop {
            /// Side of the square according to the file.
            crop: u32,
            /// The network's input side in pixels.
            size: usize,
        } => "The file crops images to {crop} pixels, but its network takes {size}: it is damaged, so use \
            another.",
        /// A finished network where a run was expected.
        NotARun => "This file holds a finished network, not a run that can go on: start a new run from it \
            instead.",
        /// A run of another data set.
        RunClasses {
            /// The data set given.
            dataset: String,
        } => "The saved run was trained on other classes than “{dataset}” has: choose the data set that it \
            was trained on.",
        /// A data set at another size.
        ImageSize {
            /// Width of the images in pixels.
            images: u32,
            /// The network's name.
            network: &'static str,
            /// The network's input side in pixels.
            size: usize,
        } => "The images are {images} pixels wide, but {network} takes {size}: load the data set again for \
            {network}.",
        /// Nothing to train on.
        NoTrainImages => "The data set has no training images: add some.",
        /// A tensor of another shape.
        TensorShape {
            /// The tensor's name.
            name: String,
            /// Its shape.
            found: Shape,
            /// The network's name.
            network: &'static str,
            /// The shape that the network needs.
            needed: Shape,
        } => "{name} has the shape {found} where {network} needs {needed}: these weights belong to another \
            network.",
        /// A tensor that is not there.
        TensorMissing {
            /// The tensor's name.
            name: String,
            /// The network's name.
            network: &'static str,
        } => "The weights lack {name}, which {network} needs: they belong to another network.",
        /// The device was lost.
        ReadBack {
            /// What it says.
            reason: Cause,
        } => "The device stopped answering while results were read from it ({reason}): reload the page or \
            start again.",
        /// A gradient that is not there.
        NoGradient => "A gradient was lost on the device: start the run again.",
        /// Two towers at different steps.
        OutOfStep => "The two towers are not at the same step: start both again.",
        /// The other tower does not answer.
        TowerGone => "The other tower is gone: start both again.",
        /// No GPU.
        NoGpu {
            /// What the driver says.
            reason: Cause,
        } => "No GPU could be opened ({reason}): choose the CPU backend instead.",
        /// A build without WebGPU.
        NoGpuBuild => "This build has no GPU backend: choose the CPU backend instead.",
    }
    transparent {
        /// An option out of range.
        Option(OptionError),
        /// A network that cannot be built.
        Network(NetworkError),
        /// Images or data sets.
        Data(DataError),
        /// A model file.
        Format(FormatError),
    }
}

impl LabError {
    /// The device stopped answering while a tensor was read back.
    pub fn read_back(error: &dyn std::fmt::Display) -> Self {
        Self::ReadBack { reason: Cause::of(error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_reading_is_one_sentence() {
        let error = LabError::read_back(&"Device lost:\n  Caused by: x\n  Backtrace: y");
        let sentence = "The device stopped answering while results were read from it (Device lost): reload the page \
                        or start again.";
        assert_eq!(error.to_string(), sentence);
    }
}
