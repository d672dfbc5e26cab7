//! What can be wrong with images and data sets.

use super::cause::Cause;
use crate::messages;

messages! {
    /// What a file that is not an image holds.
    FileContent "content" {
        /// A ZIP archive.
        Zip => "a ZIP archive",
        /// A PDF document.
        Pdf => "a PDF document",
        /// A photo in Apple's format.
        Heic => "a HEIC photo",
        /// An AVIF image.
        Avif => "an AVIF image",
        /// A video.
        Video => "a video",
        /// A TIFF image.
        Tiff => "a TIFF image",
        /// A gzip archive.
        Gzip => "a gzip archive",
        /// A RAR archive.
        Rar => "a RAR archive",
        /// A 7z archive.
        SevenZip => "a 7z archive",
        /// Compressed with a method that is not gzip's.
        Compressed => "compressed with bzip2, xz or Zstandard",
        /// A text.
        Text => "a text",
        /// Something else.
        Unknown => "a file of no known format",
    }
}

messages! {
    /// Why the data of an image cannot be decoded.
    ImageDamage "image" {
        /// A side of zero.
        NoPixels => "it has no pixels",
    }
    transparent {
        /// What the decoder says.
        Decoder(Cause),
    }
}

messages! {
    /// What a JPEG file uses that is not read.
    JpegKind "jpeg" {
        /// Arithmetic coding instead of Huffman codes.
        Arithmetic => "arithmetic coding",
        /// More than 8 bits.
        Bits => "more than 8 bits for each sample",
        /// Another part of the standard.
        Other => "a part of the standard that is hardly used",
    }
}

messages! {
    /// Why an archive cannot be opened or read on.
    ArchiveDamage "archive" {
        /// No bytes.
        Empty => "it is empty",
        /// Named `.zip`, but something else.
        NotZip => "it is not a ZIP archive",
        /// Named `.gz` or `.tar`, but something else.
        NotTar => "it is not a gzip or tar archive",
        /// Cut off.
        Early => "it ends in the middle of a file",
    }
    transparent {
        /// What the reader says.
        Reader(Cause),
    }
}

messages! {
    /// Which limit an archive breaks when it is unpacked.
    ArchiveSize "archiveSize" {
        /// A file larger than the archive's directory says.
        Declared {
            /// The file in the archive.
            path: String,
        } => "“{path}” is larger than the archive says",
        /// A single file.
        File {
            /// The file in the archive.
            path: String,
            /// Its size in MiB.
            megabytes: u64,
        } => "“{path}” alone has {megabytes} MB",
        /// All files together.
        Total {
            /// The limit in MiB.
            megabytes: u64,
        } => "more than {megabytes} MB",
    }
}

messages! {
    /// Why an IDX file cannot be used.
    IdxDamage "idx" {
        /// Another magic number.
        Start => "it does not start like an IDX file of bytes",
        /// Shorter than its header.
        Truncated => "it is cut off",
        /// Header and content do not match.
        Count => "it does not hold as many values as its header says",
    }
}

messages! {
    /// Why a shard does not hold what the manifest says.
    ShardDamage "shard" {
        /// A manifest of no use.
        Manifest => "it describes no images that a network can be trained on",
        /// A label that no class has.
        Label => "an image has a label that the data set does not have",
        /// Another number of images.
        Count {
            /// Images according to the manifest.
            images: u32,
        } => "it does not hold {images} images",
    }
    transparent {
        /// What the reader says.
        Reader(Cause),
    }
}

messages! {
    /// Images of a data set that are left out.
    SkippedImage "skipped" {
        /// Not in the folder of a class.
        NoFolder {
            /// Path of the image.
            path: String,
        } => "{path}: it is not in the folder of a class.",
        /// A validation image of a class that is not trained.
        NoClass {
            /// Path of the image.
            path: String,
            /// Its class.
            class: String,
        } => "{path}: there is no training image of its class, “{class}”.",
        /// Images of a folder that are not in the folder of a class.
        NoFolders {
            /// The folder.
            folder: String,
            /// Images in it.
            count: usize,
        } => "{folder}: {count} images in it are not in the folder of a class.",
        /// A folder beside those of the splits.
        BesideSplits {
            /// The folder.
            folder: String,
            /// Images in it.
            count: usize,
        } => "{folder}: this folder is neither for training nor for validation, so its images are left \
            out: {count}.",
        /// Test images of a data set that has validation images.
        TestUnused {
            /// The folder.
            folder: String,
            /// Images in it.
            count: usize,
        } => "{folder}: the data set has validation images, so its test images are not used: {count}.",
        /// A folder that a system or a program makes for itself.
        SystemFolder {
            /// The folder.
            folder: String,
        } => "{folder}: this folder is made by a system, not by a person; it is left out.",
        /// Files of other kinds.
        NotImages {
            /// One of them.
            path: String,
            /// Files in all.
            count: usize,
        } => "Files that are not images: {count}, such as “{path}”.",
        /// An archive in an archive.
        InnerArchive {
            /// Path of the inner archive.
            path: String,
        } => "{path}: this archive is inside another one: unpack the outer one, then choose this one.",
        /// A folder without images where those of classes are.
        EmptyFolder {
            /// The folder.
            class: String,
        } => "{class}: this folder holds no image, so there is no such class.",
        /// A link to a folder that is read already.
        Loop {
            /// Path of the link.
            path: String,
        } => "{path}: this link leads to a folder that is read already.",
        /// A file or folder that the system does not give.
        NotRead {
            /// Its path.
            path: String,
            /// What the system says.
            reason: Cause,
        } => "{path}: it could not be read: {reason}.",
        /// An image that cannot be read.
        Unreadable {
            /// Path of the image.
            path: String,
            /// The reason, a sentence.
            reason: Box<DataError>,
        } => "{path}: {reason}",
        /// A class without images.
        EmptyClass {
            /// The class.
            class: String,
        } => "{class}: none of its images could be read, so the class is left out.",
        /// Test images of classes that are not trained.
        UnknownLabels {
            /// Images left out.
            count: usize,
            /// Test images in all.
            images: usize,
        } => "Test images of classes that have no training image: {count} of {images}.",
    }
}

messages! {
    /// What a person should know about images that were taken.
    ImportNote "note" {
        /// No folders of classes, but names such as `cat.0.jpg`.
        ClassesByName {
            /// A file.
            path: String,
            /// The class that it became.
            class: String,
        } => "The classes are taken from the names of the files: “{path}” is of class “{class}”.",
        /// Folders that differ only in capital letters.
        OneClass {
            /// The class.
            class: String,
            /// The other spelling.
            other: String,
        } => "“{other}” and “{class}” are read as one class, “{class}”.",
        /// A class that validation cannot measure.
        NoValidation {
            /// The class.
            class: String,
        } => "{class}: it has no validation image, so its accuracy is not measured.",
        /// Part of an image is missing.
        CutOff {
            /// Path of the image.
            path: String,
        } => "“{path}”: the image is cut off; it is used as far as it goes.",
        /// More images of which part is missing.
        MoreCutOff {
            /// How many.
            count: usize,
        } => "Other images that are cut off and used as far as they go: {count}.",
        /// Bursts and copies.
        LookAlikes {
            /// Images that have one.
            images: usize,
        } => "Images that look like another one: {images}. Each such group is used either for training or for \
            validation.",
        /// All images of a class look alike.
        OneScene {
            /// The class.
            class: String,
        } => "{class}: all of its images look alike, so the last of them are used for validation; the \
            accuracy says little about other images.",
    }
}

messages! {
    /// Why bytes did not become an image or a data set.
    DataError "data" {
        /// Nothing in the file.
        Empty => "The file is empty: choose a JPEG, PNG, WebP, GIF or BMP image.",
        /// Not an image of a format that can be read, whatever its name says.
        NotAnImage {
            /// What the content looks like.
            found: FileContent,
        } => "This file is not an image but {found}: choose a JPEG, PNG, WebP, GIF or BMP image.",
        /// The data end before the image does.
        Truncated {
            /// Name of the image format.
            format: &'static str,
        } => "The {format} image is cut off: download or export it again.",
        /// The data are of the right format but damaged.
        Broken {
            /// Name of the image format.
            format: &'static str,
            /// What is wrong.
            reason: ImageDamage,
        } => "The {format} image is damaged ({reason}): download or export it again.",
        /// A JPEG file of a rare kind.
        JpegKind {
            /// What is rare about it.
            kind: JpegKind,
        } => "The JPEG image uses {kind}, which cannot be read: save it again as a usual JPEG or as PNG.",
        /// More pixels than memory allows.
        TooLarge {
            /// Width in pixels.
            width: u32,
            /// Height in pixels.
            height: u32,
            /// Megapixels allowed for such an image.
            limit: u32,
        } => "The image has {width} × {height} pixels, which needs too much memory: scale it down to \
            {limit} megapixels or less.",
        /// Width, height and number of bytes do not match.
        PixelCount {
            /// Width in pixels.
            width: u32,
            /// Height in pixels.
            height: u32,
            /// Bytes given.
            bytes: usize,
        } => "An image of {width} × {height} pixels cannot be made of {bytes} bytes: pass every pixel once.",
        /// An archive that cannot be opened or read on.
        BrokenArchive {
            /// Its file name.
            name: String,
            /// What is wrong.
            reason: ArchiveDamage,
        } => "The archive “{name}” is damaged or cut off ({reason}): download or pack it again.",
        /// A name that points out of the archive.
        UnsafeName {
            /// The archive's file name.
            name: String,
            /// The entry.
            entry: String,
        } => "The archive “{name}” holds a file named “{entry}”, which points outside the archive: pack it \
            again with plain folder names.",
        /// An archive that unpacks to far more than images do.
        Bomb {
            /// The archive's file name.
            name: String,
            /// The limit it breaks.
            reason: ArchiveSize,
        } => "The archive “{name}” unpacks to far more data than images have ({reason}): pack only the \
            images.",
        /// An archive with a password.
        Encrypted {
            /// The archive's file name.
            name: String,
        } => "The archive “{name}” is encrypted: pack it again without a password.",
        /// An archive whose files are packed with an unusual method.
        Compression {
            /// The archive's file name.
            name: String,
            /// The method's name or number.
            method: String,
        } => "The archive “{name}” is compressed with {method}, which cannot be read: pack it again with \
            Deflate, the usual method of ZIP.",
        /// An archive that holds archives instead of images.
        OnlyArchives {
            /// The archive's file name.
            name: String,
            /// An archive in it.
            entry: String,
        } => "The archive “{name}” holds another archive, “{entry}”, instead of images: unpack “{name}”, then \
            choose “{entry}”.",
        /// An archive that is neither ZIP nor tar.
        OtherArchive {
            /// Its file name.
            name: String,
            /// What it is.
            found: FileContent,
        } => "“{name}” is {found}, which cannot be opened: unpack it and choose the folder, or pack the \
            folder as ZIP.",
        /// CIFAR in a form that is not read.
        CifarEdition {
            /// The name of that edition on CIFAR's page.
            edition: &'static str,
        } => "These are files of the {edition}: download the CIFAR-10 binary version \
            (cifar-10-binary.tar.gz), which can be read.",
        /// A file of CIFAR-10 that is not whole.
        CifarLength {
            /// Its file name.
            name: String,
            /// Bytes in it.
            bytes: usize,
            /// Bytes of an image.
            record: usize,
        } => "“{name}” is cut off (its {bytes} bytes are not a whole number of CIFAR-10 images of {record} \
            bytes): download the archive again.",
        /// CIFAR-10's test images alone.
        CifarTestOnly => "The CIFAR-10 files hold only test images: add data_batch_1.bin to \
            data_batch_5.bin.",
        /// A label that CIFAR-10 does not have.
        CifarLabel {
            /// Its file name.
            name: String,
            /// The label.
            label: u8,
        } => "“{name}” holds an image of class {label}, but CIFAR-10 has ten classes: download the archive \
            again.",
        /// IDX files of test images alone.
        IdxTestOnly => "The IDX files hold only test images: add train-images-idx3-ubyte and \
            train-labels-idx1-ubyte.",
        /// A file that is not IDX.
        IdxBroken {
            /// Its file name.
            name: String,
            /// What is wrong.
            reason: IdxDamage,
        } => "“{name}” is not a valid IDX file ({reason}): download it again.",
        /// Two files of images, or two of labels.
        IdxTwice {
            /// One of them.
            name: String,
        } => "There are two files of the same kind, one of them “{name}”: add one file of images and one of \
            labels for each split.",
        /// Images without labels.
        IdxNoLabels {
            /// The file of images.
            name: String,
        } => "“{name}” came without its labels: add the file of images and the file of labels together.",
        /// Labels without images.
        IdxNoImages {
            /// The file of labels.
            name: String,
        } => "“{name}” came without its images: add the file of images and the file of labels together.",
        /// Something else than grey images.
        IdxNotGrey {
            /// Its file name.
            name: String,
        } => "“{name}” does not hold grey images: use files like those of MNIST.",
        /// Images and labels that do not match.
        IdxCounts {
            /// The file of images.
            file: String,
            /// Images in it.
            images: usize,
            /// The file of labels.
            other: String,
            /// Labels in it.
            labels: usize,
        } => "“{file}” holds {images} images but “{other}” holds {labels} labels: add the two files that \
            belong together.",
        /// Images that are not square.
        IdxNotSquare {
            /// Its file name.
            name: String,
            /// Width in pixels.
            width: usize,
            /// Height in pixels.
            height: usize,
        } => "The images of “{name}” have {width} × {height} pixels: only square images can be used.",
        /// A label that no class has.
        LabelOutOfRange {
            /// The label.
            label: u32,
            /// Classes of the data set.
            classes: usize,
        } => "An image has the label {label}, but the data set has {classes} classes: check the labels.",
        /// Validation images alone.
        NoTrainImages => "The data set has no training images: put some into its train folder.",
        /// No image at all.
        NoImages => "There is no image in the data set: it needs a folder with JPEG, PNG, WebP, GIF or BMP \
            images for each class.",
        /// Images, but not in folders.
        NoFolders => "The images are not sorted into folders: put the images of each class into a folder \
            with the name of the class.",
        /// Only one folder with images.
        OneClass {
            /// The class.
            class: String,
        } => "The data set has only one class, “{class}”: add a folder with images of something else.",
        /// One image of each class: nothing is left for validation.
        OneOfEach => "Every class has only one image, so none is left for validation: add at least one more \
            image to a class.",
        /// A single image.
        OneImage => "The data set has only one image: add more, at least two for each class.",
        /// None of the images can be read.
        AllBroken {
            /// Images tried.
            count: usize,
            /// The first of them, with the reason.
            first: Box<SkippedImage>,
        } => "None of the {count} images could be read; the first: {first}",
        /// More pixels than memory holds.
        TooMany {
            /// Images in the data set.
            images: usize,
            /// The network's input side in pixels.
            size: u32,
            /// Memory needed in MB.
            megabytes: u64,
        } => "{images} images at {size} × {size} pixels need {megabytes} MB of memory: use fewer images or \
            a network with a smaller input.",
        /// A shard that does not hold what the manifest says.
        Shard {
            /// Its file name.
            file: String,
            /// What is wrong.
            reason: ShardDamage,
        } => "The data set's file “{file}” is damaged ({reason}): reload the page or build the data set \
            again.",
        /// A file that could not be fetched.
        Load {
            /// Its file name.
            file: String,
            /// What the loader says.
            reason: Cause,
        } => "The data set's file “{file}” could not be loaded ({reason}): check the connection and try \
            again.",
        /// An index that the data set does not have.
        NoSuchImage {
            /// The index asked for.
            index: u32,
            /// Images in the data set.
            images: u32,
        } => "The data set has no image number {index}: it has {images}.",
        /// A file or folder of this machine that cannot be read.
        Io {
            /// Its path.
            path: String,
            /// What the system says.
            reason: Cause,
        } => "“{path}” could not be read: {reason}.",
    }
}
