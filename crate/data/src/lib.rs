//! Pictures in: decoding, one preprocessing for all, data sets, augmentation, batches.
