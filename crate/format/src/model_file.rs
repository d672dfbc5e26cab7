//! A model file that is opened first and then read tensor by tensor.

use std::borrow::Cow;

use alexnet_protocol::ModelInfo;
use alexnet_protocol::messages::{FileDamage, FormatError, NetworkName};

use crate::checkpoint::{Checkpoint, RunState};
use crate::container::{self, Container, Entry};
use crate::int8::ScaledBytes;
use crate::metadata::{AVERAGE, Description, OPTIMIZER};
use crate::model_info::{ids, is_trained, names, tensor_info};
use crate::read::{ReadAt, no_memory, read_exact_at};
use crate::tensor::{Tensor, Tensors};
use crate::{pytorch, safetensors, torchvision};

/// Largest number of tensors in a file; a run with batch normalisation has about a hundred.
const TENSORS: usize = 4000;

/// Largest number of dimensions; convolutions have four.
const DIMENSIONS: usize = 8;

/// An opened model file. Its description is read and checked; its weights are still in the file.
pub struct ModelFile<'a> {
    container: Container<'a>,
    description: Description,
}

impl<'a> ModelFile<'a> {
    /// Opens a file in any format that [`Checkpoint::read`] takes.
    ///
    /// Only the description of the tensors is read. PyTorch's TAR archives are read whole.
    ///
    /// # Errors
    /// As [`Checkpoint::read`].
    pub fn open(file: &'a dyn ReadAt) -> Result<Self, FormatError> {
        // A size beyond the address space: offsets would overflow.
        if usize::try_from(file.size()).is_err() {
            return Err(no_memory(file.size()));
        }
        let mut head = vec![0; file.size().min(pytorch::HEAD) as usize];
        read_exact_at(file, 0, &mut head)?;
        if !pytorch::is_pytorch(&head) {
            return Self::new(safetensors::open(file)?);
        }
        Self::new(Container::from_pytorch(pytorch::open_at(file, pytorch::is_zip(&head))?)?)
    }

    /// Reads the description of a container.
    pub(crate) fn new(container: Container<'a>) -> Result<Self, FormatError> {
        // Tensors are looked up one by one, so the time grows with their number.
        if container.count() > TENSORS {
            return Err(FormatError::Damaged { reason: FileDamage::Tensors { count: container.count() } });
        }
        // An error that shows a shape must stay short.
        if let Some(most) =
            container.entries().map(|entry| entry.shape.len()).max().filter(|&n| n > DIMENSIONS)
        {
            return Err(FormatError::Damaged { reason: FileDamage::Dimensions { count: most } });
        }
        let description = match container.description() {
            Some(json) => Description::from_json(json)?,
            None => torchvision::describe(&container)?,
        };
        Ok(Self { container, description })
    }

    /// A summary of the model, with the number formats as stored.
    pub fn info(&self) -> ModelInfo {
        let description = &self.description;
        let mut parameters = 0;
        let mut tensors = Vec::new();
        for entry in self.container.entries() {
            if is_trained(&entry.name) && !self.is_of_run(&entry.name) {
                parameters += entry.shape.iter().product::<usize>() as u64;
            }
            tensors.push(tensor_info(&entry.name, &entry.shape, &entry.dtype.to_string().to_lowercase()));
        }
        ModelInfo {
            format: description.format.clone(),
            network: description.network.network,
            config: description.network,
            classes: description.network.classes,
            parameters,
            tensors,
            labels: names(&description.labels),
            ids: ids(&description.labels),
            preprocess: description.preprocess,
            calibration: description.calibration,
            origin: description.origin.clone(),
            steps: description.steps,
        }
    }

    /// The shape of a tensor, by torchvision's key.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.entry(name).map(|entry| entry.shape.as_slice())
    }

    /// Reads one tensor for prediction: its average if the file has one.
    ///
    /// # Errors
    /// A sentence that names the tensor.
    pub fn tensor(&self, name: &str) -> Result<Tensor, FormatError> {
        let averaged = self.description.run.as_ref().and_then(|_| self.entry(&format!("{AVERAGE}{name}")));
        let entry = averaged.or_else(|| self.entry(name)).ok_or_else(|| FormatError::MissingTensor {
            name: name.to_owned(),
            network: NetworkName::Table { name: self.description.network.network.name() },
        })?;
        container::decode(&self.container, entry)
    }

    /// The bytes of an int8 tensor and its scales, one for each output channel. `None` for other
    /// number formats and for files with the state of a run.
    ///
    /// # Errors
    /// Names the tensor that cannot be read.
    pub fn bytes(&self, name: &str) -> Result<Option<ScaledBytes>, FormatError> {
        match self.entry(name) {
            Some(entry) if self.description.run.is_none() => container::bytes(&self.container, entry),
            _ => Ok(None),
        }
    }

    /// Reads all tensors.
    ///
    /// # Errors
    /// Names the tensor that cannot be read.
    pub fn checkpoint(self) -> Result<Checkpoint, FormatError> {
        let (mut tensors, mut optimizer, mut average) = (Tensors::new(), Tensors::new(), Tensors::new());
        for entry in self.container.entries() {
            let tensor = container::decode(&self.container, entry)?;
            match (
                &self.description.run,
                entry.name.strip_prefix(OPTIMIZER),
                entry.name.strip_prefix(AVERAGE),
            ) {
                (Some(_), Some(name), _) => optimizer.insert(name.to_owned(), tensor),
                (Some(_), _, Some(name)) => average.insert(name.to_owned(), tensor),
                _ => tensors.insert(entry.name.clone(), tensor),
            };
        }
        let description = self.description;
        Ok(Checkpoint {
            network: description.network,
            labels: description.labels,
            preprocess: description.preprocess,
            calibration: description.calibration,
            origin: description.origin,
            tensors,
            run: description.run.map(|run| RunState {
                options: run.options,
                step: run.step,
                distillation: run.distillation,
                optimizer,
                average,
            }),
        })
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        self.container.entries().find(|entry| entry.name == name)
    }

    fn is_of_run(&self, name: &str) -> bool {
        self.description.run.is_some() && (name.starts_with(OPTIMIZER) || name.starts_with(AVERAGE))
    }
}

impl Checkpoint {
    /// Reads `.safetensors`, `.alexnet`, or a plain safetensors or PyTorch file with torchvision's AlexNet keys. A plain
    /// file is read as `alexnet-224`, or as `alexnet-2012` if its keys say so, with ImageNet's preprocessing.
    ///
    /// Shapes are checked against the data here, and against the architecture when the network is built. Owned bytes (a
    /// `Vec`) are not copied; borrowed bytes of a PyTorch file are.
    ///
    /// # Errors
    /// One sentence: what the bytes are instead, or what is wrong with them.
    pub fn read<'a>(bytes: impl Into<Cow<'a, [u8]>>) -> Result<Self, FormatError> {
        with_file(bytes.into(), |file| file.checkpoint())
    }
}

/// A summary of a file, with the number formats as stored. No weights are decoded.
///
/// # Errors
/// As [`Checkpoint::read`].
pub fn inspect<'a>(bytes: impl Into<Cow<'a, [u8]>>) -> Result<ModelInfo, FormatError> {
    with_file(bytes.into(), |file| Ok(file.info()))
}

/// Opens the bytes as a file of any format, and passes it to `use_it`.
fn with_file<T>(
    bytes: Cow<'_, [u8]>,
    use_it: impl FnOnce(ModelFile<'_>) -> Result<T, FormatError>,
) -> Result<T, FormatError> {
    if pytorch::is_pytorch(&bytes) {
        // The description is read and checked in place. The weights are read from memory here, without an archive for
        // each tensor.
        let whole: &[u8] = &bytes;
        ModelFile::open(&whole)?;
        use_it(ModelFile::new(Container::from_pytorch(pytorch::open(bytes.into_owned())?)?)?)
    } else {
        let bytes: &[u8] = &bytes;
        use_it(ModelFile::new(safetensors::open(&bytes)?)?)
    }
}
