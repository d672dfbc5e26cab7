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
    /// The data set that it was trained on.
    pub dataset: &'static str,
    /// How many classes it has.
    pub classes: u32,
    /// Top-1 accuracy on the data set's validation images, between 0 and 1, as its publisher states it.
    pub top1: f64,
    /// Top-5 accuracy, likewise.
    pub top5: f64,
    /// Who publishes it.
    pub publisher: &'static str,
    /// Name of the licence.
    pub licence: &'static str,
    /// What the data set's own terms allow, in an English sentence for files that are made of these weights.
    pub terms: &'static str,
}

impl PublishedModel {
    /// The origin recorded in files made from these weights.
    pub fn origin(&self) -> String {
        let Self { name, url, publisher, licence, terms, .. } = self;
        format!("{name}, {url}. Published by {publisher} ({licence}). {terms}")
    }
}

/// torchvision is the only publisher of AlexNet weights; timm has none.
pub const PUBLISHED_MODELS: [PublishedModel; 1] = [PublishedModel {
    file: "alexnet-owt-7be5be79.pth",
    name: "AlexNet (torchvision)",
    url: "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
    bytes: 244_408_911,
    sha256: "7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",
    dataset: "ImageNet",
    classes: 1000,
    top1: 0.565,
    top5: 0.791,
    publisher: "PyTorch",
    licence: "BSD 3-Clause",
    terms: "ImageNet's own terms allow non-commercial research and teaching.",
}];
