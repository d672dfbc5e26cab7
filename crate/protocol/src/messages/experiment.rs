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
        /// The difference is smaller than its spread.
        NotVisible => "The difference is no larger than its spread over the seeds: there is no visible difference.",
        /// One seed shows no spread.
        OneSeed => "One seed does not show how far results lie apart: run more seeds.",
        /// How far dropout closes the gap.
        DropoutGap {
            /// Gap without dropout minus gap with it, in points.
            points: f64,
            /// Half of the confidence interval.
            spread: f64,
        } => "The gap without dropout is {points:.1} points (± {spread:.1}) wider than with half of the units dropped.",
        /// What dropout does to the test error.
        DropoutError {
            /// Error without dropout minus error with it, in points.
            points: f64,
            /// Half of the confidence interval.
            spread: f64,
        } => "Test error without dropout minus test error with it: {points:.1} points (± {spread:.1}).",
        /// How many steps dropout costs.
        DropoutSteps {
            /// Steps with dropout divided by those without.
            factor: f64,
        } => "With dropout the training error falls to 15 % after {factor:.1} times as many steps.",
        /// The second arm has the lower test error.
        PairBetter {
            /// Difference in points.
            points: f64,
            /// Half of the confidence interval.
            spread: f64,
            /// Number of seeds.
            seeds: u32,
        } => "The test error is {points:.1} points (± {spread:.1}) lower with it, over {seeds} seeds.",
        /// The second arm has the higher test error.
        PairWorse {
            /// Difference in points.
            points: f64,
            /// Half of the confidence interval.
            spread: f64,
            /// Number of seeds.
            seeds: u32,
        } => "The test error is {points:.1} points (± {spread:.1}) higher with it, over {seeds} seeds.",
        /// The difference is smaller than its spread.
        PairSame {
            /// Error without it minus error with it, in points.
            points: f64,
            /// Half of the confidence interval.
            spread: f64,
            /// Number of seeds.
            seeds: u32,
        } => "Test error without it minus test error with it: {points:.1} points (± {spread:.1}) over {seeds} seeds.",
        /// Mean error of one network and error of the average.
        EnsembleErrors {
            /// Number of networks.
            networks: u32,
            /// Mean error of one, in percent.
            one: f64,
            /// Error of the average, in percent.
            all: f64,
        } => "One network makes {one:.1} % mistakes on average, the average of {networks} networks {all:.1} %.",
        /// The colour of the two groups' filters.
        TowersColour {
            /// Colour share of the greyer group, in percent.
            low: f64,
            /// Colour share of the other, in percent.
            high: f64,
        } => "The colour share of the first filters is {low:.0} % in one group and {high:.0} % in the other.",
        /// What two cards send each other in a step.
        TowersBytes {
            /// Megabytes as groups.
            exchanged: f64,
            /// Megabytes with the batch split.
            split: f64,
        } => "In a step of the network of 2012 each card sends {exchanged:.0} MB. With the batch split between them, \
            and no groups, it would send {split:.0} MB of gradients.",
        /// How often two networks agree.
        EnsembleAgreement {
            /// Share of the images, in percent.
            percent: f64,
        } => "Two of the networks give the same answer for {percent:.1} % of the images.",
        /// Both activation functions reach the training error.
        ReluFactor {
            /// Training error to reach, in percent.
            percent: f64,
            /// Passes of ReLU, mean over the seeds.
            relu: f64,
            /// Name of the other function.
            rival: String,
            /// Passes of the other function.
            other: f64,
            /// Geometric mean of the factor over the seeds.
            factor: f64,
        } => "Until {percent:.0} % training error ReLU needs {relu:.1} passes and {rival} {other:.1}: \
            {factor:.1} times as many.",
        /// Only ReLU reaches it with every seed.
        ReluOnly {
            /// Training error to reach, in percent.
            percent: f64,
            /// Passes of ReLU.
            relu: f64,
            /// Name of the other function.
            rival: String,
            /// Passes after which runs end.
            passes: u32,
            /// Least factor.
            factor: f64,
        } => "ReLU needs {relu:.1} passes until {percent:.0} % training error. {rival} does not always get there in \
            {passes}: it takes at least {factor:.1} times as many.",
        /// Only the other function reaches it.
        ReluNever {
            /// Training error to reach, in percent.
            percent: f64,
            /// Name of the other function.
            rival: String,
            /// Passes of the other function.
            other: f64,
        } => "{rival} needs {other:.1} passes until {percent:.0} % training error. ReLU does not always get there.",
        /// Neither reaches it.
        ReluNeither {
            /// Training error to reach, in percent.
            percent: f64,
            /// Passes after which runs end.
            passes: u32,
        } => "Neither network gets to {percent:.0} % training error in {passes} passes with every seed.",
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
