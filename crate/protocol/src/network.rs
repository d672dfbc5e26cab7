//! Names of the networks, and of the choices in options.

use serde::{Deserialize, Serialize};

use crate::messages::NameError;

/// Declares an enum together with its public names.
macro_rules! names {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
        $(#[$meta])*
        pub enum $name {
            $($(#[$vmeta])* #[serde(rename = $text)] $variant),+
        }

        impl $name {
            /// Every value, in the order of display.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The public name, as in URLs, flags and files.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::ALL.iter().copied().find(|v| v.name() == text).ok_or_else(|| {
                    let known: Vec<_> = Self::ALL.iter().map(|v| v.name()).collect();
                    NameError::Unknown { text: text.into(), known: known.join(", ") }
                })
            }
        }
    };
}

names! {
    /// The networks. Their layers are in [`crate::architecture`].
    Network {
        /// torchvision's AlexNet ("One weird trick", Krizhevsky 2014), 224 pixels.
        AlexNet224 = "alexnet-224",
        /// The network of the 2012 paper: two groups (towers), local response normalisation, 227 pixels.
        AlexNet2012 = "alexnet-2012",
        /// The architecture of the shipped network, for 64 pixels.
        AlexNet64 = "alexnet-64",
        /// A small network for 32-pixel images, which trains in a browser tab.
        AlexNet32 = "alexnet-32",
        /// The 2012 network with its two groups, small enough to train in a browser tab.
        AlexNet2012At32 = "alexnet-2012-32",
    }
}

names! {
    /// The activation function after each convolution and hidden layer.
    Activation {
        /// max(0, x): section 3.1 of the 2012 paper.
        Relu = "relu",
        /// The saturating function that the paper compares ReLU with.
        Tanh = "tanh",
        /// 1 / (1 + e^-x), which is older still.
        Sigmoid = "sigmoid",
        /// max(0.01 x, x).
        LeakyRelu = "leaky-relu",
        /// x Φ(x), common in later networks.
        Gelu = "gelu",
    }
}

names! {
    /// Normalisation between a convolution and its activation.
    Normalization {
        /// None, as in torchvision's AlexNet.
        None = "none",
        /// Batch normalisation (Ioffe & Szegedy 2015). It came after AlexNet and trains much faster.
        Batch = "batch",
    }
}

names! {
    /// Local response normalisation, after the first two convolutions of the networks of 2012. In the paper
    /// and in BVLC's AlexNet pooling follows it, in BVLC's CaffeNet it follows pooling.
    ResponseNorm {
        /// Section 3.3 as printed: k = 2, n = 5, α = 1e-4 on the plain sum, β = 0.75, before pooling. Each
        /// group (tower) normalises its own channels, because the two GPUs exchange nothing there.
        Paper = "paper",
        /// Caffe's `bvlc_alexnet`: k = 1, α / n on the sum, across both groups, before pooling.
        Bvlc = "bvlc",
        /// Caffe's `bvlc_reference_caffenet`: as `bvlc`, but after pooling.
        CaffeNet = "caffenet",
        /// None.
        Off = "none",
    }
}

impl Default for ResponseNorm {
    /// The meaning of a file that does not say.
    fn default() -> Self {
        Self::Paper
    }
}

names! {
    /// The optimiser.
    Optimizer {
        /// Stochastic gradient descent with momentum and L2 weight decay, as PyTorch's `SGD`.
        Sgd = "sgd",
        /// Adam with decoupled weight decay (Loshchilov & Hutter 2019), as PyTorch's `AdamW`.
        AdamW = "adamw",
    }
}

names! {
    /// The learning rate schedule over the planned epochs.
    Schedule {
        /// The same rate throughout.
        Constant = "constant",
        /// Divided by ten after each third of the planned epochs. In 2012 this was done by hand.
        Step = "step",
        /// Cosine decay to zero at the end of the planned epochs.
        Cosine = "cosine",
    }
}

names! {
    /// Which layers are frozen.
    Freeze {
        /// None: all layers are trained.
        None = "none",
        /// The convolutions: only the fully connected layers are trained.
        Conv = "conv",
    }
}

names! {
    /// The crops of an image whose probabilities are averaged (test-time augmentation; section 4.1 of the
    /// 2012 paper).
    #[cfg_attr(feature = "typescript", ts(rename = "Views"))]
    TestCrops {
        /// The centre crop.
        One = "one",
        /// The centre crop and its mirror image.
        Mirrored = "mirrored",
        /// The paper's ten: crops of the centre and the four corners of a square wider by 8/7, each with its
        /// mirror image.
        Ten = "ten",
    }
}

impl TestCrops {
    /// Number of crops per image.
    pub fn count(self) -> usize {
        match self {
            Self::One => 1,
            Self::Mirrored => 2,
            Self::Ten => 10,
        }
    }
}

names! {
    /// The compute backend.
    Backend {
        /// A real GPU if one fits the model, else the CPU.
        Auto = "auto",
        /// The SIMD CPU backend (burn-flex).
        Cpu = "cpu",
        /// WebGPU in the browser, wgpu natively.
        WebGpu = "webgpu",
    }
}

names! {
    /// The two dropout layers, named by the fully connected layer that follows.
    DropoutLayer {
        /// Before fc6.
        Fc6 = "fc6",
        /// Before fc7.
        Fc7 = "fc7",
    }
}
