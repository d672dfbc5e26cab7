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
