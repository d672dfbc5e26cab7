//! What can go wrong, each in one sentence that says what to do.

pub use alexnet_protocol::messages::LabError;
