//! What can be wrong with a model file.

use super::cause::{Cause, ReadError};
use super::options::{NetworkError, OptionError};
use crate::message::Shape;
use crate::messages;

messages! {
    /// What a file of weights was taken for.
    NetworkName "networkName" {
        /// `torchvision.models.alexnet`.
        Torchvision => "torchvision's AlexNet",
        /// The network of the 2012 paper.
        Paper => "the AlexNet of 2012",
        /// A network of the table.
        Table {
            /// Its name.
            name: &'static str,
        } => "{name}",
    }
}

messages! {
    /// What is wrong with a model file, for the middle of a sentence.
    FileDamage "damage" {
        /// A header longer than a network's.
        HeaderSize => "its header is larger than that of any network",
        /// Shapes, number formats and offsets of the header do not match.
        HeaderContradiction => "its header contradicts itself",
        /// No JSON list of tensors.
        Header => "its header is not a list of tensors",
        /// Bytes after the last tensor.
        Trailing {
            /// How many.
            bytes: u64,
        } => "it has {bytes} bytes too many",
        /// More tensors than a network has.
        Tensors {
            /// How many.
            count: usize,
        } => "it holds {count} tensors, more than any network",
        /// More dimensions than a tensor has.
        Dimensions {
            /// How many.
            count: usize,
        } => "it holds a tensor of {count} dimensions",
        /// The description of the network is not valid JSON.
        Description {
            /// What the parser says.
            reason: Cause,
        } => "its description cannot be read: {reason}",
        /// A pickle with a negative number in a tensor's description.
        Negative => "a tensor in it has a negative size or position",
        /// A size that overflows.
        Uncountable => "a tensor in it is larger than can be counted",
        /// A tensor beyond its storage.
        Storage => "a tensor in it is larger than its storage",
        /// A tensor beyond any network.
        TensorSize => "a tensor in it is larger than any network's",
        /// A pickle that expands without end.
        Repeats => "the list of its weights repeats itself without end",
        /// A pickle nested too deeply.
        Nesting => "the list of its weights is nested too deeply",
        /// A checksum that does not match.
        Checksum => "its checksum is wrong",
        /// A storage that is not in the archive.
        Missing => "its numbers are missing",
        /// A part over a limit of the reader.
        PartSize => "a part of it is larger than it can be",
        /// Cut off.
        Early => "it ends early",
        /// A ZIP archive that cannot be read.
        Zip => "the PyTorch file's ZIP archive is cut off or changed",
        /// A TAR archive that cannot be read.
        Tar => "the PyTorch file's TAR archive is cut off or changed",
        /// Not as PyTorch writes it.
        NotTorch => "it is not written as torch.save writes it",
        /// A pickle longer than a network's.
        PickleSize => "the list of its weights is larger than that of any network",
        /// More files than a network needs.
        Files => "its ZIP archive holds more files than the weights of any network",
        /// Two files of one name.
        Twice {
            /// The name.
            name: String,
        } => "its ZIP archive holds {name} twice",
        /// A file beyond the archive's end.
        FileLength {
            /// The name.
            name: String,
        } => "{name} is longer than it can be",
        /// A tensor that cannot be read.
        Tensor {
            /// The tensor's name.
            name: String,
            /// What is wrong.
            reason: Box<FileDamage>,
        } => "{name}: {reason}",
    }
}

messages! {
    /// Why a model's description cannot be right, each a sentence.
    DescriptionError "description" {
        /// Number of classes out of range.
        Classes {
            /// Classes according to the description.
            classes: u32,
            /// The largest number.
            most: u32,
        } => "It has {classes} classes, where 1 to {most} are possible.",
        /// Another number of labels than outputs.
        Labels {
            /// Outputs.
            classes: u32,
            /// Labels.
            labels: usize,
        } => "It has {classes} outputs but {labels} labels.",
        /// Sizes that do not go together.
        Preprocess {
            /// Length of the shorter side in pixels.
            resize: u32,
            /// Side of the square in pixels.
            crop: u32,
        } => "Its images are resized to {resize} and cropped to {crop} pixels.",
        /// Values that are not finite, or no deviation.
        Statistics {
            /// Means of the channels.
            mean: String,
            /// Standard deviations of the channels.
            std: String,
        } => "It has the means {mean} and the standard deviations {std}.",
        /// Values out of range.
        Calibration {
            /// The temperature.
            temperature: String,
            /// The threshold.
            doubt: String,
        } => "It is calibrated with the temperature {temperature} and the threshold {doubt}.",
        /// Bounds that are not finite, or no share.
        OutOfDistribution {
            /// The bound of the energy score.
            energy: String,
        } => "It calls images unknown below the energy score {energy}.",
    }
    transparent {
        /// An option of the run out of range.
        Option(OptionError),
    }
}

messages! {
    /// Why a model file cannot be written.
    WriteError "write" {
        /// A number that becomes infinite in half precision.
        HalfPrecision {
            /// The tensor's name.
            name: String,
        } => "The model cannot be saved, since {name} holds numbers too large for half precision: use \
            single precision.",
        /// NaN or infinite weights.
        NotFinite {
            /// The tensor's name.
            name: String,
        } => "The model is not saved, since {name} holds values that are no finite numbers (NaN or infinity): \
            train again with a lower learning rate.",
        /// A tensor that the network does not have in this shape.
        Tensor {
            /// The tensor's name.
            name: String,
            /// The shape that the network needs.
            shape: Shape,
        } => "The model cannot be saved, since {name} is missing or not of the shape {shape}: load its file \
            again.",
        /// A layer that ONNX does not have.
        Onnx {
            /// The layer's name.
            layer: String,
        } => "The model cannot be saved as ONNX, which has no form for the layer {layer}: use safetensors.",
        /// A library that fails.
        Library {
            /// What it says.
            reason: Cause,
        } => "The model cannot be saved: {reason}.",
    }
    transparent {
        /// A network that cannot be built.
        Network(NetworkError),
    }
}

messages! {
    /// Why bytes are not a usable checkpoint, or a checkpoint cannot be written.
    FormatError "format" {
        /// No bytes at all.
        Empty => "The model file is empty: download or export it again.",
        /// The bytes cannot be read.
        Unreadable {
            /// What the reader says.
            reason: ReadError,
        } => "The model file could not be read ({reason}): it may have been moved or changed, so choose it \
            again.",
        /// More than the memory holds.
        NoMemory {
            /// Memory asked for in MB.
            megabytes: u64,
        } => "The model needs {megabytes} MB of memory at once, more than there is: close other tabs, or \
            use a smaller file.",
        /// HTML.
        WebPage => "This is not a model file but a web page: check the address and download the file again.",
        /// A text that stands for the file in a Git repository.
        LfsPointer => "This is not a model file but a Git LFS pointer: get the file itself with `git lfs \
            pull`.",
        /// An image.
        Image => "This is not a model file but an image: choose a .safetensors, .pth or .alexnet file.",
        /// An ONNX file.
        Onnx => "This is not a model file but an ONNX file, which can be written here but not read: choose \
            a .safetensors, .pth or .alexnet file.",
        /// A JSON text.
        Json => "This is not a model file but a JSON text: choose a .safetensors, .pth or .alexnet file.",
        /// None of the known formats.
        Unknown => "This is not a model file but something else: choose a .safetensors, .pth or .alexnet \
            file.",
        /// A ZIP archive that `torch.save` did not write.
        NotTorch => "This is not a model file but a ZIP archive without PyTorch weights: choose a \
            .safetensors, .pth or .alexnet file.",
        /// A pickle without tensors.
        NoTensors => "This is not a model file but a PyTorch file without tensors: choose a .safetensors, \
            .pth or .alexnet file.",
        /// Numbers in the other byte order.
        BigEndian => "This is a PyTorch file from a big-endian machine: convert it there, with \
            safetensors.torch.save_file(model.state_dict(), …).",
        /// The file says that it is longer than it is.
        Truncated {
            /// Bytes there.
            actual: u64,
            /// Bytes that its header announces.
            expected: u64,
        } => "The model file is cut off ({actual} of {expected} bytes): download or export it again.",
        /// The file contradicts itself.
        Damaged {
            /// What is wrong.
            reason: FileDamage,
        } => "The model file is damaged ({reason}): download or export it again.",
        /// A pickle with a Python object that is not a tensor.
        Pickle {
            /// Module and name in Python.
            name: String,
        } => "The PyTorch file holds “{name}”, which is not weights, and no code in a file is run here: \
            save the weights alone, with torch.save(model.state_dict(), …), and open that file.",
        /// A pickle with a container that is neither list nor dict.
        PickleContainer => "The PyTorch file holds a container of another class than list and dict: save \
            the weights alone, with torch.save(model.state_dict(), …), and open that file.",
        /// A pickle that calls a function.
        Call {
            /// Module and name in Python.
            name: String,
        } => "The PyTorch file calls the function “{name}”, and no code in a file is run here: save the \
            weights alone, with torch.save(model.state_dict(), …), and open that file.",
        /// A pickle that calls a function without a name.
        UnnamedCall => "The PyTorch file calls a function without a name, and no code in a file is run \
            here: save the weights alone, with torch.save(model.state_dict(), …), and open that file.",
        /// NaN or infinite weights.
        NotFinite {
            /// The first such tensor's key.
            name: String,
        } => "The weights are not all finite numbers (NaN or infinity in {name}): the file is damaged or \
            its training failed, so use another file.",
        /// A description that no network can have.
        Description {
            /// What is wrong, a sentence.
            reason: DescriptionError,
        } => "The model file describes a network that cannot exist. {reason}",
        /// Written by a later version of the project.
        Newer {
            /// The file's layout.
            found: u32,
            /// The latest layout known here.
            known: u32,
        } => "The model file was written by a newer version (its layout is {found}, the newest known here \
            {known}): update this program.",
        /// A tensor is not there.
        MissingTensor {
            /// torchvision's key.
            name: String,
            /// What the file was taken for.
            network: NetworkName,
        } => "The model file lacks the tensor “{name}”, so it is not {network}: choose another file.",
        /// A tensor that the network does not have.
        UnexpectedTensor {
            /// The key in the file.
            name: String,
            /// What the file was taken for.
            network: NetworkName,
        } => "The model file holds a tensor “{name}” that {network} does not have: choose another file.",
        /// A number format that weights do not have.
        NumberFormat {
            /// The key in the file.
            name: String,
            /// safetensors' name of the format.
            dtype: String,
        } => "The tensor “{name}” is stored as {dtype}: convert the weights to float32 or float16 first.",
        /// Shape and data do not match.
        Shape {
            /// The key.
            name: String,
            /// Outermost dimension first.
            shape: Shape,
            /// Numbers there.
            numbers: usize,
        } => "The tensor “{name}” of shape {shape} cannot hold {numbers} numbers: download or export the \
            file again.",
    }
    transparent {
        /// The file cannot be written.
        Write(WriteError),
    }
}
