//! Every sentence that Rust code says to a visitor or to a user of the command line.
//!
//! One file for each source of sentences. Crates re-export the enums that they return as errors. [`all`] lists the
//! sentences for the page's catalogue, which `cargo xtask` writes.

use crate::message::MessageSpec;

/// All sentences, in the order of their declaration.
pub fn all() -> Vec<MessageSpec> {
    let groups: [&[MessageSpec]; 0] = [];
    groups.concat()
}
