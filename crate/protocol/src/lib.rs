//! The one vocabulary of page, command line, npm package and tests.
//!
//! Options with their defaults, ranges and explanations ([`options`]), the recipe for fine-tuning
//! ([`recipe`]), the names of networks and their
//! parts ([`network`]) with every layer and shape ([`architecture`],
//! [`shapes`] for people, [`tower`] for half of one), what a step or a validation reports ([`metrics`]), and what describes a stored
//! model ([`model`]) or tells one that others publish ([`published`]). Everything here is plain data: no tensors, no I/O. The TypeScript twins are written
//! from these types by the build, so a name is changed in one place.

pub mod architecture;
pub mod evaluation;
pub mod explain;
pub mod message;
pub mod messages;
pub mod metrics;
pub mod model;
pub mod model_parallel;
pub mod network;
pub mod option_table;
pub mod options;
pub mod paper;
pub mod published;
pub mod recipe;
pub mod shapes;

pub use architecture::{Architecture, LayerKind, LayerSpec};
pub use evaluation::*;
pub use explain::*;
pub use metrics::*;
pub use model::*;
pub use network::*;
pub use option_table::{CHOICE_NAMES, OptionKind, OptionSpec, OptionTiming, option_table};
pub use options::*;
pub use paper::*;
pub use published::{PUBLISHED_MODELS, PublishedModel};
pub use recipe::{FineTuning, fine_tuning};
pub use shapes::{InputRule, LayerRole, LayerShape, NetworkShape};
