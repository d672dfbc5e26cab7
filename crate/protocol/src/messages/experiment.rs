//! What experiments say: results in words, and what can go wrong.

use super::lab::LabError;
use crate::experiment::SettingError;
use crate::messages;

messages! {
    /// Why an experiment cannot run.
    ExperimentError "experiment" {
        /// There is no such experiment.
        Unknown {
            /// The name asked for.
            name: String,
        } => "There is no experiment “{name}”: choose one of the list.",
        /// A setting or a value that it does not have.
        Setting {
            /// The name of the setting.
            setting: String,
        } => "The experiment has no setting “{setting}” with this value: choose one of its own.",
        /// An arm that it does not have.
        Arm {
            /// The name of the arm.
            arm: String,
        } => "The experiment has no run “{arm}”: start it again.",
        /// No run was started.
        NoRun => "No run of the experiment was started: start it again.",
        /// Images that were not given.
        NoImages => "The experiment needs images: load a data set first.",
        /// What the core cannot do.
        Lab {
            /// Its sentence.
            reason: LabError,
        } => "{reason}",
    }
}

messages! {
    /// The result of an experiment in words.
    Verdict "verdict" {
        /// How many thinned networks are worse than the scaled one.
        SixteenWorse {
            /// Networks with a path that are worse, over all seeds.
            worse: u32,
            /// Networks with a path, over all seeds.
            networks: u32,
        } => "{worse} of {networks} thinned networks made more mistakes than the scaled network.",
        /// The distance between geometric mean and scaled network.
        SixteenDistance {
            /// Largest difference of a probability.
            distance: f64,
        } => "The geometric mean of all networks and the scaled network differ by at most {distance:.4} in a probability.",
        /// The geometric mean is the scaled network.
        SixteenSame => "The geometric mean of all networks is the scaled network, to the last digit that is shown.",
        /// Samples until the average is as good.
        SamplingMatch {
            /// Number of sampled networks.
            samples: u32,
        } => "The average of {samples} sampled networks is as good as the scaled network.",
        /// The average never gets as good.
        SamplingNever {
            /// Number of sampled networks that were averaged.
            samples: u32,
        } => "Even the average of {samples} sampled networks makes more mistakes than the scaled network.",
        /// What forgetting the scale costs.
        SamplingUnscaled {
            /// Error of the scaled network in percent.
            scaled: f64,
            /// Error with the weights as they are.
            unscaled: f64,
        } => "The scaled network has an error of {scaled:.1} %. Without the scale it is {unscaled:.1} %.",
        /// What removing a unit costs.
        CoadaptationCost {
            /// Mean growth of the error without dropout, in percent.
            without: f64,
            /// With dropout.
            with: f64,
        } => "Removing one unit raises the error by {without:.2} % on average without dropout, and by {with:.2} % with it.",
        /// How much the units answer.
        CoadaptationActivation {
            /// Mean activation without dropout, divided by that with it.
            factor: f64,
        } => "The mean activation without dropout is {factor:.1} times that with it.",
        /// How well both give back images.
        CoadaptationError {
            /// Mean squared error of a pixel without dropout.
            without: f64,
            /// With dropout.
            with: f64,
        } => "The mean squared error of a pixel is {without:.4} without dropout and {with:.4} with it.",
        /// How much smaller the first gradient is with sigmoid units.
        SaturationSigmoid {
            /// Gradient of the last hidden layer, divided by that of the first.
            factor: f64,
        } => "With sigmoid units the gradient of the last hidden layer is {factor:.1} times that of the first.",
        /// The same with ReLU.
        SaturationRelu {
            /// Gradient of the last hidden layer, divided by that of the first.
            factor: f64,
        } => "With ReLU it is {factor:.1} times that of the first.",
        /// No gradient arrives.
        SaturationNone {
            /// Number of runs.
            runs: u32,
        } => "In {runs} runs no gradient reached the first layer, or the weights were no longer numbers.",
        /// What was learnt.
        SaturationError {
            /// Test error with sigmoid units in percent.
            sigmoid: f64,
            /// With ReLU.
            relu: f64,
        } => "The test error is {sigmoid:.1} % with sigmoid units and {relu:.1} % with ReLU.",
    }
}

impl From<LabError> for ExperimentError {
    fn from(reason: LabError) -> Self {
        Self::Lab { reason }
    }
}

impl From<SettingError> for ExperimentError {
    fn from(SettingError { setting }: SettingError) -> Self {
        Self::Setting { setting }
    }
}
