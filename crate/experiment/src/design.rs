//! What a design, its runs and their inputs are.

use std::rc::Rc;

use alexnet::Compute;
use alexnet::data::{Dataset, LocalFuture};
use alexnet_protocol::messages::ExperimentError;
use alexnet_protocol::{Outcome, RunReport, RunSpec, Settings};

/// A run in progress.
pub trait Run {
    /// Computes for a moment, at most about a twentieth of a second on the reference machine, and returns the share of
    /// the run that is done: 1 when there is nothing left to do.
    fn advance(&mut self) -> LocalFuture<'_, Result<f64, ExperimentError>>;

    /// What was measured so far, and what there is to see now.
    fn report(&self) -> RunReport;
}

/// What runs compute with.
#[derive(Clone)]
pub struct Inputs {
    /// The device. Experiments run on the CPU backend, so that a link gives the same result everywhere.
    pub compute: Compute,
    /// The images, where the experiment needs some.
    pub images: Option<Rc<dyn Dataset>>,
}

/// How an experiment is run.
pub trait Design: Sync {
    /// The runs that are still to do, given the reports of those that are done. Empty when all are done.
    fn plan(
        &self,
        settings: &Settings,
        seeds: &[u32],
        done: &[RunReport],
    ) -> Result<Vec<RunSpec>, ExperimentError>;
    /// Starts a run.
    fn start(
        &self,
        settings: &Settings,
        spec: &RunSpec,
        inputs: &Inputs,
    ) -> Result<Box<dyn Run>, ExperimentError>;
    /// The result of finished runs.
    fn summarise(&self, settings: &Settings, reports: &[RunReport]) -> Result<Outcome, ExperimentError>;
}
