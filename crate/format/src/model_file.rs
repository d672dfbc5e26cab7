//! A model file that is opened first and read tensor by tensor.

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

/// Tensors of a file at most: a run with batch normalisation has a hundred.
const TENSORS: usize = 4000;

/// Dimensions of a tensor at most: convolutions have four.
const DIMENSIONS: usize = 8;

/// An opened model file: what it holds is known and checked against itself, its weights are still where they were.
pub struct ModelFile<'a> {
    container: Container<'a>,
    description: Description,
}

impl<'a> ModelFile<'a> {
    /// Opens a file of any kind that [`Checkpoint::read`] takes.
    ///
    /// Only what describes the tensors is read here, but for PyTorch's TAR archives, which are read into memory whole.
    ///
    /// # Errors
    /// As [`Checkpoint::read`].
    pub fn open(file: &'a dyn ReadAt) -> Result<Self, FormatError> {
        // Nothing of it could be counted.
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

    /// Describes what is in a container.
    pub(crate) fn new(container: Container<'a>) -> Result<Self, FormatError> {
        // Looked for one by one, so a crowd of them would take for ever.
        if container.count() > TENSORS {
            return Err(FormatError::Damaged { reason: FileDamage::Tensors { count: container.count() } });
        }
        // A sentence that says a shape should be one that can be read.
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

    /// What a person wants to know, with the number formats as they are stored.
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

    /// The shape of a tensor of the network, by torchvision's key.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.entry(name).map(|entry| entry.shape.as_slice())
    }

    /// Reads one tensor of the network to use: its average where the file keeps one.
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

    /// The bytes and the scales of one tensor of the network, one for each output channel, where it is stored so.
    ///
    /// # Errors
    /// A sentence that names the tensor, where it cannot be read.
    pub fn bytes(&self, name: &str) -> Result<Option<ScaledBytes>, FormatError> {
        match self.entry(name) {
            Some(entry) if self.description.run.is_none() => container::bytes(&self.container, entry),
            _ => Ok(None),
        }
    }

    /// Reads everything.
    ///
    /// # Errors
    /// A sentence that names the tensor that cannot be read.
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
    /// Reads either kind of file, or a bare safetensors or PyTorch file with torchvision's AlexNet keys (taken
    /// for `alexnet-224`, or for `alexnet-2012` by its keys, with ImageNet's preprocessing).
    ///
    /// Shapes are checked against the data here, against the architecture where the network is built. Bytes
    /// handed over (a `Vec`) are not copied; borrowed bytes of a PyTorch file are.
    ///
    /// # Errors
    /// One sentence that says what the bytes are instead, or what is wrong with them.
    pub fn read<'a>(bytes: impl Into<Cow<'a, [u8]>>) -> Result<Self, FormatError> {
        with_file(bytes.into(), |file| file.checkpoint())
    }
}

/// What a file holds, with the number formats as they are on disk; no weights are decoded.
///
/// # Errors
/// As [`Checkpoint::read`].
pub fn inspect<'a>(bytes: impl Into<Cow<'a, [u8]>>) -> Result<ModelInfo, FormatError> {
    with_file(bytes.into(), |file| Ok(file.info()))
}

/// Opens whatever kind of file the bytes are, for as long as `use_it` takes.
fn with_file<T>(
    bytes: Cow<'_, [u8]>,
    use_it: impl FnOnce(ModelFile<'_>) -> Result<T, FormatError>,
) -> Result<T, FormatError> {
    if pytorch::is_pytorch(&bytes) {
        // What it says of itself is judged where it lies; its weights are read here, where no archive of each tensor
        // need be made of bytes that are in memory already.
        let whole: &[u8] = &bytes;
        ModelFile::open(&whole)?;
        use_it(ModelFile::new(Container::from_pytorch(pytorch::open(bytes.into_owned())?)?)?)
    } else {
        let bytes: &[u8] = &bytes;
        use_it(ModelFile::new(safetensors::open(&bytes)?)?)
    }
}
