//! The lab: device, model in use, data sets, runs.

use std::collections::HashMap;
use std::rc::Rc;

use alexnet::data::{Dataset, Image, decode};
use alexnet::format::{Checkpoint, FileFormat, ModelFile, Precision};
use alexnet::out_of_distribution::is_unknown;
use alexnet::protocol::messages::EngineError;
use alexnet::protocol::{Backend, ModelInfo, Views};
use alexnet::{Classifier, Compute, LabError, Session};
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use crate::convert::{JsResult, Pieces, error, object, picture, pixels, to_js};
use crate::lab_parts::{Bench, ImageDataset, LoadedDataset};

/// The model in use, with what its file says of itself.
pub(crate) struct InUse {
    pub(crate) classifier: Classifier,
    pub(crate) info: ModelInfo,
}

impl InUse {
    /// Puts a model on the device.
    pub(crate) fn new(model: &Checkpoint, compute: &Compute) -> Result<Self, LabError> {
        Ok(Self { classifier: Classifier::new(model, compute)?, info: model.info() })
    }
}

/// Everything that lives in one worker.
#[wasm_bindgen]
pub struct Lab {
    pub(crate) compute: Compute,
    pub(crate) model: Option<InUse>,
    /// Networks asked beside it, by the name that the page gives them.
    pub(crate) members: HashMap<String, InUse>,
    pub(crate) datasets: HashMap<String, LoadedDataset>,
    /// 0: the run, 1: its rival in a race, 2: the visitor's own pictures.
    pub(crate) runs: [Option<Session>; 3],
    /// The data set that is being made picture by picture.
    pub(crate) image_dataset: Option<ImageDataset>,
    /// The network that the next run starts from.
    pub(crate) start: Option<Checkpoint>,
    pub(crate) bench: Option<Bench>,
    pub(crate) group: Option<alexnet::GroupSession>,
}

#[wasm_bindgen]
impl Lab {
    /// Opens the device: `cpu` or `webgpu`, once a worker.
    ///
    /// # Errors
    /// A sentence when the backend cannot be had.
    pub async fn create(backend: String) -> JsResult<Lab> {
        let backend: Backend = backend.parse().map_err(error)?;
        let compute = Compute::open(backend).await.map_err(error)?;
        Ok(Self {
            compute,
            model: None,
            members: HashMap::new(),
            datasets: HashMap::new(),
            runs: [None, None, None],
            image_dataset: None,
            start: None,
            bench: None,
            group: None,
        })
    }

    /// Backend, device and version.
    pub fn info(&self) -> JsResult<JsValue> {
        // The worker, which chose the adapter, knows its name.
        let device = match self.compute.backend {
            Backend::WebGpu => "GPU through WebGPU",
            Backend::Cpu | Backend::Auto => "one thread, SIMD",
        };
        Ok(object(&[
            ("backend", self.compute.backend.name().into()),
            ("device", device.into()),
            ("version", env!("CARGO_PKG_VERSION").into()),
        ]))
    }

    /// Takes a model file's bytes; it becomes the model in use only when it is whole.
    ///
    /// # Errors
    /// A sentence when the file is no model; the model in use stays.
    #[wasm_bindgen(js_name = importModel)]
    pub async fn import_model(&mut self, bytes: Vec<u8>) -> JsResult<JsValue> {
        let bytes: &[u8] = &bytes;
        let file = ModelFile::open(&bytes).map_err(error)?;
        self.use_file(&file, file.info())
    }

    /// Takes a model file of `size` bytes that stays where it is: `read(offset, length)` gives a piece of it, a
    /// `Uint8Array`. `accept(info)` is called before any weight is read and may throw; `origin` is kept where the
    /// file itself tells of none.
    ///
    /// # Errors
    /// A sentence when the file is no model, or that of `accept`; the model in use stays.
    #[wasm_bindgen(js_name = importFile)]
    pub async fn import_file(
        &mut self,
        size: f64,
        read: js_sys::Function,
        accept: js_sys::Function,
        origin: Option<String>,
    ) -> JsResult<JsValue> {
        let pieces = Pieces { size: size as u64, read };
        let file = ModelFile::open(&pieces).map_err(error)?;
        let mut info = file.info();
        info.origin = info.origin.or(origin);
        accept.call1(&JsValue::NULL, &to_js(&info)?)?;
        self.use_file(&file, info)
    }

    fn use_file(&mut self, file: &ModelFile<'_>, info: ModelInfo) -> JsResult<JsValue> {
        let classifier = Classifier::from_file(file, &self.compute).map_err(error)?;
        let told = to_js(&info)?;
        self.model = Some(InUse { classifier, info });
        Ok(told)
    }

    /// What the model in use is.
    #[wasm_bindgen(js_name = modelInfo)]
    pub fn model_info(&self) -> JsResult<JsValue> {
        self.model.as_ref().map_or(Ok(JsValue::UNDEFINED), |model| to_js(&model.info))
    }

    /// The model in use as a file: `safetensors`, `onnx` or `alexnet`.
    ///
    /// # Errors
    /// A sentence when there is no model.
    #[wasm_bindgen(js_name = exportModel)]
    pub async fn export_model(&self, format: String) -> JsResult<Uint8Array> {
        let model = self.in_use()?;
        let mut checkpoint = model.classifier.model().await.map_err(error)?;
        checkpoint.origin = model.info.origin.clone();
        checkpoint.calibration = model.info.calibration;
        write(&checkpoint, &format)
    }

    /// Classifies an encoded picture by the mean of its views (`one` unless `mirrored` or `ten` is said): `{top, crop, energy, unknown}`.
    ///
    /// # Errors
    /// A sentence when the bytes are no picture or there is no model.
    pub async fn classify(&self, file: Vec<u8>, top: usize, views: Option<String>) -> JsResult<JsValue> {
        let views = views.map_or(Ok(Views::One), |name| name.parse());
        let views = views.map_err(error)?;
        let picture = decode(&file).map_err(error)?;
        drop(file);
        self.answer(&picture, views, top).await
    }

    /// Classifies RGBA pixels, as a canvas gives them: `{top, crop, energy, unknown}`.
    ///
    /// # Errors
    /// A sentence when there is no model.
    #[wasm_bindgen(js_name = classifyPixels)]
    pub async fn classify_pixels(
        &self,
        width: u32,
        height: u32,
        rgba: Vec<u8>,
        top: usize,
    ) -> JsResult<JsValue> {
        self.answer(&picture(width, height, &rgba)?, Views::One, top).await
    }

    async fn answer(&self, picture: &Image, views: Views, top: usize) -> JsResult<JsValue> {
        let InUse { classifier, info } = self.in_use()?;
        let answer = classifier.classify(picture, views, top).await.map_err(error)?;
        let known = info.calibration.and_then(|calibration| calibration.out_of_distribution);
        let unknown = known.is_some_and(|known| is_unknown(&known, answer.energy, &answer.statistics));
        let crop = pixels(answer.crop.width, &answer.crop.rgb);
        Ok(object(&[
            ("top", to_js(&answer.top)?),
            ("crop", crop),
            ("energy", answer.energy.into()),
            ("unknown", unknown.into()),
        ]))
    }

    pub(crate) fn in_use(&self) -> JsResult<&InUse> {
        self.model.as_ref().ok_or_else(|| error(EngineError::NoModel))
    }

    pub(crate) fn source(&self, id: &str, network: alexnet::protocol::Network) -> JsResult<Rc<dyn Dataset>> {
        match self.datasets.get(id) {
            Some(set) => set.source(network),
            None => Err(error(EngineError::NoDataset { id: id.into() })),
        }
    }

    /// Bytes of wasm memory in use.
    pub fn memory(&self) -> f64 {
        use wasm_bindgen::JsCast;
        let memory = wasm_bindgen::memory().unchecked_into::<js_sys::WebAssembly::Memory>();
        memory.buffer().unchecked_into::<js_sys::ArrayBuffer>().byte_length().into()
    }
}

/// A checkpoint as a file's bytes.
pub(crate) fn write(checkpoint: &Checkpoint, format: &str) -> JsResult<Uint8Array> {
    let format = FileFormat::from_extension(format)
        .ok_or_else(|| error(EngineError::Format { format: format.into() }))?;
    let bytes = checkpoint.write(format, Precision::F32).map_err(error)?;
    Ok(Uint8Array::from(bytes.as_slice()))
}
