//! What can be wrong with bytes from outside, each as one sentence for a person.

/// Why bytes did not become pictures or a data set. `Display` is the sentence that a person reads: what was
/// wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// Nothing in the file.
    #[error("The file is empty: choose a JPEG, PNG, WebP, GIF or BMP image.")]
    Empty,
    /// Not an image of a format that is read, whatever its name says.
    #[error(
        "This is not an image that can be read here ({found}): choose a JPEG, PNG, WebP, GIF or BMP image."
    )]
    NotAnImage {
        /// What the content looks like.
        found: String,
    },
    /// The data end before the image does.
    #[error("The {format} image is cut off before its end: download or export it again.")]
    Truncated {
        /// Name of the image format.
        format: &'static str,
    },
    /// The data are of the right kind but damaged.
    #[error("The {format} image is damaged ({reason}): download or export it again.")]
    Broken {
        /// Name of the image format.
        format: &'static str,
        /// The decoder's reason.
        reason: String,
    },
    /// More pixels than memory allows.
    #[error(
        "The image is {width} × {height} pixels, which needs too much memory: scale it down to {limit} megapixels or less."
    )]
    TooLarge {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// What is allowed for such an image.
        limit: u32,
    },
    /// Width, height and number of bytes do not belong together.
    #[error("An image of {width} × {height} pixels cannot be made of {bytes} bytes: pass every pixel once.")]
    PixelCount {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// Bytes given.
        bytes: usize,
    },
    /// An archive that could not be opened or read on.
    #[error("The archive “{name}” is damaged or cut off ({reason}): download or pack it again.")]
    BrokenArchive {
        /// Its file name.
        name: String,
        /// The reader's reason.
        reason: String,
    },
    /// A name that points out of the archive.
    #[error(
        "The archive “{name}” holds a file named “{entry}”, which points outside of it: pack it again with plain folder names."
    )]
    UnsafeName {
        /// The archive's file name.
        name: String,
        /// The offending entry.
        entry: String,
    },
    /// An archive that unpacks to far more than any pictures do.
    #[error("The archive “{name}” unpacks to far more than pictures would ({reason}): pack only the images.")]
    Bomb {
        /// The archive's file name.
        name: String,
        /// Which limit it breaks.
        reason: String,
    },
    /// An archive with a password.
    #[error("The archive “{name}” is encrypted: unpack it and pack it again without a password.")]
    Encrypted {
        /// The archive's file name.
        name: String,
    },
    /// An IDX or CIFAR file whose parts do not belong together.
    #[error("{reason}")]
    Layout {
        /// The whole sentence.
        reason: String,
    },
    /// No image anywhere.
    #[error(
        "There is no image in the data set: it needs a folder for each class with JPEG, PNG, WebP, GIF or BMP images in it."
    )]
    NoImages,
    /// Images, but not in folders.
    #[error("The images are not sorted into folders: put those of each class into a folder with its name.")]
    NoFolders,
    /// Only one folder with images.
    #[error("The data set has only one class, “{class}”: add a folder with images of something else.")]
    OneClass {
        /// The class.
        class: String,
    },
    /// A single image.
    #[error("The data set has only one image: add more, at least two for each class.")]
    OneImage,
    /// Images, none of which could be read.
    #[error("None of the {count} images could be read; the first: {first}")]
    AllBroken {
        /// How many were tried.
        count: usize,
        /// What was wrong with the first.
        first: String,
    },
    /// More pixels than an address space or a tab can hold.
    #[error(
        "{images} images at {size} pixels need {megabytes} MB of memory: use fewer images or a network with a smaller input."
    )]
    TooMany {
        /// Images in the data set.
        images: usize,
        /// The network's side in pixels.
        size: u32,
        /// What they would take.
        megabytes: u64,
    },
    /// A shard that does not hold what the manifest says.
    #[error(
        "The data set's file “{file}” is damaged ({reason}): reload the page or build the data set again."
    )]
    Shard {
        /// Its file name.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// A file that could not be fetched.
    #[error(
        "The data set's file “{file}” could not be loaded ({reason}): check the connection and try again."
    )]
    Load {
        /// Its file name.
        file: String,
        /// The loader's reason.
        reason: String,
    },
    /// A place that the data set does not have.
    #[error("The data set has no image number {index}: it has {images}.")]
    NoSuchImage {
        /// The number asked for.
        index: u32,
        /// How many there are.
        images: u32,
    },
    /// A file or folder of this machine that could not be read.
    #[error("“{path}” could not be read: {reason}.")]
    Io {
        /// Which.
        path: String,
        /// The system's reason.
        reason: String,
    },
}

impl DataError {
    /// An archive's or data file's layout that cannot be used, as a whole sentence.
    pub(crate) fn layout(reason: impl Into<String>) -> Self {
        Self::Layout { reason: reason.into() }
    }
}
