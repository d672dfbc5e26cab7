//! Checkpoints in and out.
