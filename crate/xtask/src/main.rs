//! `cargo xtask`: provision, build, serve, test, bench.
//!
//! A task is a sequence of stages. Each prints what it did and how long it took, and is skipped if its inputs
//! have not changed ([`stamp`]).

mod bench;
mod browser;
mod build;
mod cifar;
mod command;
mod datasets;
mod fashion_mnist;
mod files;
mod messages;
mod npm;
mod package;
mod pytorch;
mod release;
mod serve;
mod shards;
mod size;
mod stage;
mod stamp;
mod test;
mod test_count;
mod toolchain;
mod types;
mod wasm;
mod weights;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};
use wasm::Effort;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, serves and tests the lab.")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the site and serve it on 127.0.0.1; the GPU build is added while the site is served already.
    Serve {
        /// The port to listen on.
        #[arg(long, default_value_t = 8080)]
        port: u16,
        /// For work on the page: build for the CPU alone, without optimisation for size. A change takes seconds to build.
        #[arg(long)]
        quick: bool,
    },
    /// Run the tests, or some groups of them.
    Test {
        /// The groups; all but PyTorch's when left out.
        groups: Vec<test::Group>,
    },
    /// Build the static site into web/dist/ and the npm package into pkg/.
    Build,
    /// Write what the page takes from Rust: the protocol's types and the English sentences.
    Generate,
    /// Run the benchmarks, or the one named.
    Bench {
        /// The benchmark; all of them when left out.
        name: Option<String>,
        /// Print one JSON document and nothing else on stdout.
        #[arg(long)]
        json: bool,
        /// How often each computation is measured.
        #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
        samples: u32,
    },
    /// Make the files of a release in target/release-files/; publishes nothing.
    Release {
        /// The part to make.
        #[arg(required_unless_present = "dry_run", conflicts_with = "dry_run")]
        part: Option<release::Part>,
        /// Make every part for this machine, and let npm pack its package as if to publish it.
        #[arg(long)]
        dry_run: bool,
    },
    /// Download the published weights (244 MB), check them and put them where the page offers them.
    Weights,
    /// Download a data set that the page then offers.
    Data {
        /// Which one.
        set: DataSet,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum DataSet {
    /// The official CIFAR-10 archive, binary version (162 MB).
    #[value(name = "cifar-10")]
    Cifar10,
}

/// Serves the site as soon as the CPU wasm is built. The other builds take much longer and are added later.
fn serve_site(port: u16, quick: bool) -> Result<()> {
    if quick {
        build::site(Effort::Quick)?;
        return serve::serve(port, None);
    }
    let incomplete = build::cpu_site()?;
    if incomplete {
        eprintln!(
            "the page computes on the CPU for now; the builds for experiments and the GPU take some minutes more"
        );
    }
    serve::serve(port, incomplete.then_some(build::complete_site as fn() -> Result<()>))
}

fn main() -> ExitCode {
    let result = match Cli::parse().task {
        Task::Serve { port, quick } => serve_site(port, quick),
        Task::Test { groups } => test::run(&groups),
        Task::Generate => build::generate(),
        Task::Build => build::build_all(),
        Task::Bench { name, json, samples } => bench::run(name.as_deref(), json, samples),
        Task::Release { part, .. } => part.map_or_else(release::dry_run, release::part),
        Task::Weights => weights::download(),
        Task::Data { set: DataSet::Cifar10 } => cifar::download().and_then(|()| datasets::write()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
