//! AlexNet and its relatives: architectures, layers, training session, metrics.
