//! The types that page, command line, npm package and tests share.
//!
//! Plain data, without tensors and I/O: options with defaults, ranges and explanations ([`options`],
//! [`option_table`]), the recipe for fine-tuning ([`recipe`]), the names of networks and of their parts
//! ([`network`]), every layer and shape of a network ([`architecture`], [`shapes`] for people,
//! [`model_parallel`] for half of one), the metrics of training and evaluation ([`metrics`], [`evaluation`]),
//! the description of a stored model ([`model`]), the experiments of Learn ([`experiment`], [`experiments`]),
//! and the model files that others publish ([`published`]).
//! The build writes the TypeScript types from these types, so a name is changed in one place.

pub mod architecture;
pub mod evaluation;
pub mod experiment;
pub mod experiments;
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
pub use experiment::*;
pub use experiments::EXPERIMENTS;
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
