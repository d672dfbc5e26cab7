//! Model files that others publish, recognised by their hash. The list is not in the wasm: the page gets it
//! as a file.

/// A model file that others publish.
#[derive(Debug, Clone, Copy)]
pub struct PublishedModel {
    /// The publisher's file name.
    pub file: &'static str,
    /// A name for people.
    pub name: &'static str,
    /// The publisher's address of the file.
    pub url: &'static str,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of the content, in hexadecimal.
    pub sha256: &'static str,
    /// What it was trained on and how good it is, in a sentence or two.
    pub about: &'static str,
    /// The licence, in a sentence.
    pub licence: &'static str,
}

impl PublishedModel {
    /// The origin recorded in files made from these weights.
    pub fn origin(&self) -> String {
        format!("{}, {}. {}", self.name, self.url, self.licence)
    }
}

/// torchvision is the only publisher of AlexNet weights; timm has none.
pub const PUBLISHED_MODELS: [PublishedModel; 1] = [PublishedModel {
    file: "alexnet-owt-7be5be79.pth",
    name: "torchvision's AlexNet",
    url: "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
    bytes: 244_408_911,
    sha256: "7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",
    about: "Trained on ImageNet: 1,000 classes, 56.5 % top-1 and 79.1 % top-5 on its validation images.",
    licence: "PublishedModel by PyTorch with torchvision (BSD 3-Clause); ImageNet's own terms allow non-commercial \
              research and teaching.",
}];
