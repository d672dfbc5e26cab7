//! Every sentence that Rust code says to a visitor or to a user of the command line.
//!
//! One file for each source of sentences. Crates re-export the enums that they return as errors. [`all`] lists the
//! sentences for the page's catalogue, which `cargo xtask` writes.

mod cause;
mod data;
mod engine;
mod experiment;
mod format;
mod lab;
mod options;

pub use cause::{Cause, ReadError};
pub use data::{
    ArchiveDamage, ArchiveSize, DataError, FileContent, IdxDamage, ImageDamage, ImportNote, JpegKind,
    ShardDamage, SkippedImage,
};
pub use engine::{EngineError, ValueName};
pub use experiment::{ExperimentError, Verdict};
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
        JpegKind::SPECS,
        ArchiveDamage::SPECS,
        ArchiveSize::SPECS,
        IdxDamage::SPECS,
        ShardDamage::SPECS,
        SkippedImage::SPECS,
        ImportNote::SPECS,
        DataError::SPECS,
        NetworkName::SPECS,
        FileDamage::SPECS,
        DescriptionError::SPECS,
        WriteError::SPECS,
        FormatError::SPECS,
        LabError::SPECS,
        ValueName::SPECS,
        EngineError::SPECS,
        ExperimentError::SPECS,
        Verdict::SPECS,
    ];
    groups.concat()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_is_unique() {
        let codes: BTreeSet<_> = all().iter().map(|spec| spec.code).collect();
        assert_eq!(codes.len(), all().len());
    }

    #[test]
    fn every_text_shows_all_parameters_and_no_others() {
        for MessageSpec { code, text, params } in all() {
            let placeholders = text.split('{').skip(1).filter_map(|part| part.split_once('}'));
            let shown: BTreeSet<_> =
                placeholders.map(|(name, _)| name.split(':').next().unwrap_or_default()).collect();
            assert_eq!(shown, params.iter().map(|(name, _)| *name).collect(), "{code}");
        }
    }
}
