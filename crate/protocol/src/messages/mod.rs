//! Every sentence that Rust code says to a visitor or to a user of the command line.
//!
//! One file for each source of sentences. Crates re-export the enums that they return as errors. [`all`] lists the
//! sentences for the page's catalogue, which `cargo xtask` writes.

mod cause;
mod data;
mod engine;
mod format;
mod lab;
mod options;

pub use cause::{Cause, ReadError};
pub use data::{
    ArchiveDamage, ArchiveSize, DataError, FileContent, IdxDamage, ImageDamage, ShardDamage, SkippedImage,
};
pub use engine::{EngineError, ValueName};
pub use format::{DescriptionError, FileDamage, FormatError, NetworkName, WriteError};
pub use lab::LabError;
pub use options::{NameError, NetworkError, OptionError, OptionTitle};

use crate::message::MessageSpec;

/// All sentences, in the order of their declaration.
pub fn all() -> Vec<MessageSpec> {
    let groups = [
        Cause::SPECS,
        ReadError::SPECS,
        NameError::SPECS,
        OptionError::SPECS,
        NetworkError::SPECS,
        FileContent::SPECS,
        ImageDamage::SPECS,
        ArchiveDamage::SPECS,
        ArchiveSize::SPECS,
        IdxDamage::SPECS,
        ShardDamage::SPECS,
        SkippedImage::SPECS,
        DataError::SPECS,
        NetworkName::SPECS,
        FileDamage::SPECS,
        DescriptionError::SPECS,
        WriteError::SPECS,
        FormatError::SPECS,
        LabError::SPECS,
        ValueName::SPECS,
        EngineError::SPECS,
    ];
    groups.concat()
}
