//! What the table says of each network; everything else is computed from it.

use crate::Network;

/// A convolution of the table.
pub struct Conv {
    pub out: u32,
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
    /// Whether overlapping 3/2 max-pooling follows.
    pub pool: bool,
    /// Whether each tower reads only its own maps.
    pub apart: bool,
    /// Whether local response normalisation follows.
    pub respond: bool,
}

/// A row of the table.
pub struct Row {
    pub input: usize,
    /// Halves that every layer's outputs are cut into: 2 in the networks of 2012.
    pub towers: usize,
    pub convs: [Conv; 5],
    /// Side that adaptive average pooling brings the last feature map to.
    pub adaptive: Option<usize>,
    pub hidden: u32,
    pub classes: u32,
    pub resize: u32,
    pub mean: [f32; 3],
    pub std: [f32; 3],
}

const fn conv(out: u32, kernel: usize, stride: usize, padding: usize, pool: bool) -> Conv {
    Conv { out, kernel, stride, padding, pool, apart: false, respond: false }
}

impl Conv {
    const fn apart(self) -> Self {
        Self { apart: true, ..self }
    }

    const fn respond(self) -> Self {
        Self { respond: true, ..self }
    }
}

const IMAGENET_MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const IMAGENET_STD: [f32; 3] = [0.229, 0.224, 0.225];

/// A network's row.
pub fn row(network: Network) -> Row {
    match network {
        // torchvision's `alexnet`: "One weird trick for parallelizing convolutional neural networks",
        // Krizhevsky 2014, one tower.
        Network::AlexNet224 => Row {
            input: 224,
            towers: 1,
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
        // Krizhevsky, Sutskever and Hinton 2012, figure 2 and section 3.5. The text says 224 pixels, where a kernel
        // of 11 moved by 4 has no whole number of places; the figure's 55 needs 227.
        Network::AlexNet2012 => Row {
            input: 227,
            towers: 2,
            convs: [
                conv(96, 11, 4, 0, true).respond(),
                conv(256, 5, 1, 2, true).apart().respond(),
                conv(384, 3, 1, 1, false),
                conv(384, 3, 1, 1, false).apart(),
                conv(256, 3, 1, 1, true).apart(),
            ],
            adaptive: None,
            hidden: 4096,
            classes: 1000,
            resize: 256,
            mean: IMAGENET_MEAN,
            std: IMAGENET_STD,
        },
        // The same story for 64 pixels: torchvision's proportions at half the width, a first kernel that
        // suits the smaller picture.
        Network::AlexNet64 => Row {
            input: 64,
            towers: 1,
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
        // Small enough to train in a tab on a CPU.
        Network::AlexNet32 => Row {
            input: 32,
            towers: 1,
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
        // The same towers, a third to a sixteenth as wide.
        Network::AlexNet2012At32 => Row {
            input: 32,
            towers: 2,
            convs: [
                conv(32, 3, 1, 1, true).respond(),
                conv(64, 3, 1, 1, true).apart().respond(),
                conv(96, 3, 1, 1, false),
                conv(96, 3, 1, 1, false).apart(),
                conv(64, 3, 1, 1, true).apart(),
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
