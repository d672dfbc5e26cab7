//! Names of the networks and of the choices inside them.

use serde::{Deserialize, Serialize};

use crate::messages::NameError;

/// Declares an enum of public names together with its table of spellings.
macro_rules! names {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
        pub enum $name {
            $($(#[$vmeta])* #[serde(rename = $text)] $variant),+
        }

        impl $name {
            /// Every value, in the order in which it is offered.
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
    /// The networks of the lab's table; sizes and layers live in the core's `architecture` module.
    Network {
        /// torchvision's single tower ("One weird trick", Krizhevsky 2014) for 224 pixels.
        AlexNet224 = "alexnet-224",
        /// The network of the 2012 paper: two towers, response normalisation, 227 pixels.
        AlexNet2012 = "alexnet-2012",
        /// The shipped network: the same story for 64 pixels.
        AlexNet64 = "alexnet-64",
        /// The small one that trains in a tab on 32-pixel images.
        AlexNet32 = "alexnet-32",
        /// The two towers of 2012 small enough to train in a tab.
        AlexNet2012At32 = "alexnet-2012-32",
    }
}

names! {
    /// The non-linearity after each convolution and hidden layer.
    Activation {
        /// max(0, x): section 3.1 of the 2012 paper.
        Relu = "relu",
        /// The saturating non-linearity that the paper compares ReLU with.
        Tanh = "tanh",
        /// 1 / (1 + e^-x), the older one still.
        Sigmoid = "sigmoid",
        /// max(0.01 x, x).
        LeakyRelu = "leaky-relu",
        /// x Φ(x), the usual choice of later networks.
        Gelu = "gelu",
    }
}

names! {
    /// What stands between a convolution and its activation.
    Normalization {
        /// Nothing: torchvision's AlexNet.
        None = "none",
        /// Batch normalisation (Ioffe & Szegedy 2015): not of 2012, trains much faster.
        Batch = "batch",
    }
}

names! {
    /// Local response normalisation of the networks that have it (the two of 2012), behind the first two
    /// convolutions. The paper and BVLC's AlexNet pool what was normalised; BVLC's CaffeNet normalises what was
    /// pooled.
    ResponseNorm {
        /// Section 3.3 as printed: k = 2, n = 5, α = 1e-4 on the plain sum, β = 0.75; pooling follows. Each tower
        /// normalises its own maps, since the two cards exchange nothing there.
        Paper = "paper",
        /// Caffe's `bvlc_alexnet`: k = 1, α / n on the sum, over the maps of both towers; pooling follows.
        Bvlc = "bvlc",
        /// Caffe's `bvlc_reference_caffenet`: as `bvlc`, but behind the pooling.
        CaffeNet = "caffenet",
        /// None.
        Off = "none",
    }
}

impl Default for ResponseNorm {
    /// What a file that says nothing of it means.
    fn default() -> Self {
        Self::Paper
    }
}

names! {
    /// How gradients become updates.
    Optimizer {
        /// Stochastic gradient descent with momentum and coupled weight decay, PyTorch's semantics.
        Sgd = "sgd",
        /// Adam with decoupled weight decay (Loshchilov & Hutter 2019), PyTorch's semantics.
        AdamW = "adamw",
    }
}

names! {
    /// How the learning rate changes over the planned epochs.
    Schedule {
        /// The same rate throughout.
        Constant = "constant",
        /// Divided by ten after each third of the planned epochs, as the 2012 run was by hand.
        Step = "step",
        /// Half a cosine down to zero at the end of the planned epochs.
        Cosine = "cosine",
    }
}

names! {
    /// Which layers keep their weights while the others learn.
    Freeze {
        /// Every layer learns.
        None = "none",
        /// The convolutions keep theirs; only the fully connected layers learn.
        Conv = "conv",
    }
}

names! {
    /// How many views of a picture an answer averages the probabilities of (section 4.1 of the 2012 paper).
    Views {
        /// The centre square.
        One = "one",
        /// The centre square and its mirror image.
        Mirrored = "mirrored",
        /// The paper's ten: centre and four corners of a square wider by 8/7, each with its mirror image.
        Ten = "ten",
    }
}

impl Views {
    /// Views of one picture.
    pub fn count(self) -> usize {
        match self {
            Self::One => 1,
            Self::Mirrored => 2,
            Self::Ten => 10,
        }
    }
}

names! {
    /// Where the tensors live.
    Backend {
        /// A real GPU if one holds the model, else the CPU.
        Auto = "auto",
        /// The SIMD CPU backend (burn-flex).
        Cpu = "cpu",
        /// WebGPU in the browser, wgpu natively.
        WebGpu = "webgpu",
    }
}

names! {
    /// The two dropout layers, named by the fully connected layer whose input they thin.
    DropoutLayer {
        /// Before fc6.
        Fc6 = "fc6",
        /// Before fc7.
        Fc7 = "fc7",
    }
}
