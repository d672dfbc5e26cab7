//! The lab: device, active model, data sets, runs.

use std::collections::HashMap;
use std::rc::Rc;

use alexnet::data::{Dataset, Decoded, Image, decode_as_far};
use alexnet::format::{Checkpoint, FileFormat, ModelFile, Precision};
use alexnet::out_of_distribution::is_unknown;
use alexnet::protocol::messages::EngineError;
use alexnet::protocol::{Backend, ModelInfo, TestCrops};
use alexnet::{Classifier, Compute, LabError, Session};
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::convert::{JsFile, JsResult, error, image_from_rgba, object, pixels, to_js};
use crate::lab_state::{Bench, ImageDataset, LoadedDataset};

/// A loaded model, with the description from its file.
pub(crate) struct LoadedModel {
    pub(crate) classifier: Classifier,
    pub(crate) info: ModelInfo,
}

impl LoadedModel {
    /// Uploads a model to the device.
    pub(crate) fn new(model: &Checkpoint, compute: &Compute) -> Result<Self, LabError> {
        Ok(Self { classifier: Classifier::new(model, compute)?, info: model.info() })
    }
}

/// The state of one worker.
#[wasm_bindgen]
pub struct Lab {
    pub(crate) compute: Compute,
    pub(crate) model: Option<LoadedModel>,
    /// Other members of an ensemble, by the ids that the page gives them.
    pub(crate) members: HashMap<String, LoadedModel>,
    pub(crate) datasets: HashMap<String, LoadedDataset>,
    /// 0: the run, 1: its rival in a race, 2: fine-tuning on the visitor's own images.
    pub(crate) runs: [Option<Session>; 3],
    /// The data set that is being built image by image.
    pub(crate) image_dataset: Option<ImageDataset>,
    /// The network that the next run starts from.
    pub(crate) start: Option<Checkpoint>,
    pub(crate) bench: Option<Bench>,
    pub(crate) group: Option<alexnet::GroupSession>,
}

#[wasm_bindgen]
impl Lab {
    /// Opens the device: `cpu` or `webgpu`, once per worker.
    ///
    /// # Errors
    /// If the backend is not available.
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
        // The worker chose the adapter and knows its name.
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

    /// Loads a model from a file's bytes and makes it the active model.
    ///
    /// # Errors
    /// If the file is not a model. The active model then stays.
    #[wasm_bindgen(js_name = importModel)]
    pub async fn import_model(&mut self, bytes: Vec<u8>) -> JsResult<JsValue> {
        let bytes: &[u8] = &bytes;
        let file = ModelFile::open(&bytes).map_err(error)?;
        self.use_file(&file, file.info())
    }

    /// Loads a model from a file of `size` bytes without copying it: `read(offset, length)` returns a part of
    /// it, a `Uint8Array`. `accept(info)` is called before any weight is read and may throw. `origin` is
    /// recorded if the file has none.
    ///
    /// # Errors
    /// If the file is not a model, or what `accept` throws. The active model then stays.
    #[wasm_bindgen(js_name = importFile)]
    pub async fn import_file(
        &mut self,
        size: f64,
        read: js_sys::Function,
        accept: js_sys::Function,
        origin: Option<String>,
    ) -> JsResult<JsValue> {
        let js_file = JsFile { size: size as u64, read };
        let file = ModelFile::open(&js_file).map_err(error)?;
        let mut info = file.info();
        info.origin = info.origin.or(origin);
        accept.call1(&JsValue::NULL, &to_js(&info)?)?;
        self.use_file(&file, info)
    }

    fn use_file(&mut self, file: &ModelFile<'_>, info: ModelInfo) -> JsResult<JsValue> {
        let classifier = Classifier::from_file(file, &self.compute).map_err(error)?;
        let description = to_js(&info)?;
        self.model = Some(LoadedModel { classifier, info });
        Ok(description)
    }

    /// The description of the active model.
    #[wasm_bindgen(js_name = modelInfo)]
    pub fn model_info(&self) -> JsResult<JsValue> {
        self.model.as_ref().map_or(Ok(JsValue::UNDEFINED), |model| to_js(&model.info))
    }

    /// The active model as a file: `safetensors`, `onnx` or `alexnet`.
    ///
    /// # Errors
    /// If there is no model.
    #[wasm_bindgen(js_name = exportModel)]
    pub async fn export_model(&self, format: String) -> JsResult<Uint8Array> {
        let model = self.active_model()?;
        let mut checkpoint = model.classifier.model().await.map_err(error)?;
        checkpoint.origin = model.info.origin.clone();
        checkpoint.calibration = model.info.calibration;
        write(&checkpoint, &format)
    }

    /// Classifies an encoded image by the mean over its crops (`one` by default, `mirrored` or `ten`): `{top, crop,
    /// energy, unknown, cutOff}`; `cutOff` says that the file ends before its image does.
    ///
    /// # Errors
    /// If the bytes are not an image or there is no model.
    pub async fn classify(&self, file: Vec<u8>, top: usize, views: Option<String>) -> JsResult<JsValue> {
        let views = views.map_or(Ok(TestCrops::One), |name| name.parse());
        let views = views.map_err(error)?;
        let Decoded { image, cut_off } = decode_as_far(&file).map_err(error)?;
        drop(file);
        let answer = self.classify_image(&image, views, top).await?;
        Reflect::set(&answer, &"cutOff".into(), &cut_off.into())?;
        Ok(answer)
    }

    /// Classifies RGBA pixels of a canvas: `{top, crop, energy, unknown}`.
    ///
    /// # Errors
    /// If there is no model.
    #[wasm_bindgen(js_name = classifyPixels)]
    pub async fn classify_pixels(
        &self,
        width: u32,
        height: u32,
        rgba: Vec<u8>,
        top: usize,
    ) -> JsResult<JsValue> {
        self.classify_image(&image_from_rgba(width, height, &rgba)?, TestCrops::One, top).await
    }

    async fn classify_image(&self, image: &Image, views: TestCrops, top: usize) -> JsResult<JsValue> {
        let LoadedModel { classifier, info } = self.active_model()?;
        let found = classifier.classify(image, views, top).await.map_err(error)?;
        let known = info.calibration.and_then(|calibration| calibration.out_of_distribution);
        let unknown = known.is_some_and(|known| is_unknown(&known, found.energy, &found.statistics));
        let crop = pixels(found.crop.width, &found.crop.rgb);
        Ok(object(&[
            ("top", to_js(&found.top)?),
            ("crop", crop),
            ("energy", found.energy.into()),
            ("unknown", unknown.into()),
        ]))
    }

    pub(crate) fn active_model(&self) -> JsResult<&LoadedModel> {
        self.model.as_ref().ok_or_else(|| error(EngineError::NoModel))
    }

    pub(crate) fn dataset(&self, id: &str, network: alexnet::protocol::Network) -> JsResult<Rc<dyn Dataset>> {
        match self.datasets.get(id) {
            Some(set) => set.dataset(network),
            None => Err(error(EngineError::NoDataset { id: id.into() })),
        }
    }

    /// Size of the wasm memory, in bytes.
    pub fn memory(&self) -> f64 {
        use wasm_bindgen::JsCast;
        let memory = wasm_bindgen::memory().unchecked_into::<js_sys::WebAssembly::Memory>();
        memory.buffer().unchecked_into::<js_sys::ArrayBuffer>().byte_length().into()
    }
}

/// A checkpoint as the bytes of a file.
pub(crate) fn write(checkpoint: &Checkpoint, format: &str) -> JsResult<Uint8Array> {
    let format = FileFormat::from_extension(format)
        .ok_or_else(|| error(EngineError::Format { format: format.into() }))?;
    let bytes = checkpoint.write(format, Precision::F32).map_err(error)?;
    Ok(Uint8Array::from(bytes.as_slice()))
}
