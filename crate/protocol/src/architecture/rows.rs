//! The numbers that define each network. Everything else is computed from them.

use crate::Network;

/// A convolution and what follows it.
pub struct Conv {
    pub out: u32,
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
    /// Whether 3x3 max-pooling with stride 2 follows (overlapping windows).
    pub pool: bool,
    /// Whether each group reads only its own half of the input channels.
    pub grouped: bool,
    /// Whether local response normalisation follows.
    pub response_norm: bool,
}

/// The definition of one network.
pub struct Definition {
    pub input: usize,
    /// Number of groups that each layer's outputs are split into: 2 for the networks of 2012.
    pub groups: usize,
    pub convs: [Conv; 5],
    /// Output side of the adaptive average pooling before fc6, if there is one.
    pub adaptive: Option<usize>,
    pub hidden: u32,
    pub classes: u32,
    pub resize: u32,
    pub mean: [f32; 3],
    pub std: [f32; 3],
}

const fn conv(out: u32, kernel: usize, stride: usize, padding: usize, pool: bool) -> Conv {
    Conv { out, kernel, stride, padding, pool, grouped: false, response_norm: false }
}

impl Conv {
    const fn grouped(self) -> Self {
        Self { grouped: true, ..self }
    }

    const fn response_norm(self) -> Self {
        Self { response_norm: true, ..self }
    }
}

const IMAGENET_MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const IMAGENET_STD: [f32; 3] = [0.229, 0.224, 0.225];

/// The definition of a network.
pub fn definition(network: Network) -> Definition {
    match network {
        // torchvision's `alexnet`, after "One weird trick for parallelizing convolutional neural networks",
        // Krizhevsky 2014.
        Network::AlexNet224 => Definition {
            input: 224,
            groups: 1,
            convs: [
                conv(64, 11, 4, 2, true),
                conv(192, 5, 1, 2, true),
                conv(384, 3, 1, 1, false),
                conv(256, 3, 1, 1, false),
                conv(256, 3, 1, 1, true),
            ],
            adaptive: Some(6),
            hidden: 4096,
            classes: 1000,
            resize: 256,
            mean: IMAGENET_MEAN,
            std: IMAGENET_STD,
        },
        // Krizhevsky, Sutskever and Hinton 2012, figure 2 and section 3.5. The text says 224 pixels, but an
        // 11x11 kernel with stride 4 does not fit 224 a whole number of times. The figure's 55x55 output
        // needs 227.
        Network::AlexNet2012 => Definition {
            input: 227,
            groups: 2,
            convs: [
                conv(96, 11, 4, 0, true).response_norm(),
                conv(256, 5, 1, 2, true).grouped().response_norm(),
                conv(384, 3, 1, 1, false),
                conv(384, 3, 1, 1, false).grouped(),
                conv(256, 3, 1, 1, true).grouped(),
            ],
            adaptive: None,
            hidden: 4096,
            classes: 1000,
            resize: 256,
            mean: IMAGENET_MEAN,
            std: IMAGENET_STD,
        },
        // For 64 pixels: torchvision's proportions at half the width, with a smaller first kernel.
        Network::AlexNet64 => Definition {
            input: 64,
            groups: 1,
            convs: [
                conv(32, 5, 2, 2, true),
                conv(96, 5, 1, 2, true),
                conv(192, 3, 1, 1, false),
                conv(128, 3, 1, 1, false),
                conv(128, 3, 1, 1, true),
            ],
            adaptive: None,
            hidden: 1024,
            classes: 200,
            resize: 64,
            mean: [0.480, 0.448, 0.398],
            std: [0.277, 0.269, 0.282],
        },
        // Small enough to train in a browser tab on a CPU.
        Network::AlexNet32 => Definition {
            input: 32,
            groups: 1,
            convs: [
                conv(32, 3, 1, 1, true),
                conv(64, 3, 1, 1, true),
                conv(96, 3, 1, 1, false),
                conv(64, 3, 1, 1, false),
                conv(64, 3, 1, 1, true),
            ],
            adaptive: None,
            hidden: 256,
            classes: 10,
            resize: 32,
            mean: [0.5; 3],
            std: [0.25; 3],
        },
        // The 2012 network in small: the same two groups, a third to a sixteenth of the width.
        Network::AlexNet2012At32 => Definition {
            input: 32,
            groups: 2,
            convs: [
                conv(32, 3, 1, 1, true).response_norm(),
                conv(64, 3, 1, 1, true).grouped().response_norm(),
                conv(96, 3, 1, 1, false),
                conv(96, 3, 1, 1, false).grouped(),
                conv(64, 3, 1, 1, true).grouped(),
            ],
            adaptive: None,
            hidden: 256,
            classes: 10,
            resize: 32,
            mean: [0.5; 3],
            std: [0.25; 3],
        },
    }
}
