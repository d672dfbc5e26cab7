//! The comparisons of two arms: pooling, response normalisation, augmentation, depth.

use alexnet::protocol::{Network, ResponseNorm};
use alexnet_protocol::experiments::{AUGMENTATION, DEPTH, POOLING, RESPONSE_NORM};

use crate::pair::Pair;

/// Windows of 2 pixels against windows of 3, both 2 apart.
pub const POOLING_PAIR: Pair = Pair {
    experiment: &POOLING,
    arms: ["2/2", "3/2"],
    configure: |_, overlapping, _, setup| {
        setup.variation.pool_window = Some(if overlapping { 3 } else { 2 });
        Ok(())
    },
    steps: 400,
    seconds: 4.0,
};

/// The network of 2012 in small, without and with its normalisation.
pub const RESPONSE_NORM_PAIR: Pair = Pair {
    experiment: &RESPONSE_NORM,
    arms: ["none", "lrn"],
    configure: |_, normalised, options, _| {
        options.network = Network::AlexNet2012At32;
        options.response_norm = if normalised { ResponseNorm::Paper } else { ResponseNorm::Off };
        Ok(())
    },
    steps: 400,
    seconds: 4.0,
};

/// Images as they are against images that are mirrored and moved by up to 3 pixels.
pub const AUGMENTATION_PAIR: Pair = Pair {
    experiment: &AUGMENTATION,
    arms: ["plain", "moved"],
    configure: |_, moved, options, _| {
        options.flip = moved;
        options.shift = if moved { 0.1 } else { 0.0 };
        Ok(())
    },
    steps: 1000,
    seconds: 10.0,
};

/// The network without one of its middle layers, and whole.
pub const DEPTH_PAIR: Pair = Pair {
    experiment: &DEPTH,
    arms: ["without", "whole"],
    configure: |settings, whole, _, setup| {
        let layers = match DEPTH.setting(settings, "layer")? {
            "conv3" => vec!["conv3"],
            "both" => vec!["conv3", "conv4"],
            _ => vec!["conv4"],
        };
        setup.variation.without = if whole { Vec::new() } else { layers };
        Ok(())
    },
    steps: 400,
    seconds: 4.0,
};
