//! The `alexnet` command: train, evaluate, calibrate, classify, convert, average, inspect, compare
//! sizes and run experiments.
//!
//! Results go to stdout (with `--json` nothing else does), progress and messages to stderr. Exit status 0:
//! done. 1: failed, with one line `error: …`. 2: wrong usage.

mod args;
mod backend;
mod calibrate;
mod classify;
mod convert;
mod csv;
mod data;
mod evaluate;
mod experiment;
mod flags;
mod inspect;
mod model;
mod packed;
mod report;
mod sizes;
mod train;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Classify(args) => classify::run(&args),
        Command::Train(args) => train::run(&args),
        Command::Eval(args) => evaluate::run(&args),
        Command::Calibrate(args) => calibrate::run(&args),
        Command::Convert(args) => convert::run(&args),
        Command::Average(args) => convert::average(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Sizes(args) => sizes::run(&args),
        Command::Experiment(args) => experiment::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::error(&error);
            ExitCode::from(1)
        }
    }
}
