//! Conversions between Rust and JavaScript values.

use alexnet::data::Image;
use alexnet::format::{ReadAt, ReadError};
use alexnet::protocol::message::Sentence;
use alexnet::protocol::messages::{Cause, EngineError, ValueName};
use js_sys::{Float32Array, Object, Reflect, Uint8Array};
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast, JsValue};

/// A result whose error is a JavaScript `Error` with a sentence as its message.
pub type JsResult<T> = Result<T, JsValue>;

/// A sentence as a JavaScript `Error`.
pub fn error(sentence: impl Sentence) -> JsValue {
    thrown(&sentence)
}

// Not generic, so that it is compiled once.
fn thrown(sentence: &dyn Sentence) -> JsValue {
    let error = js_sys::Error::new(&sentence.to_string());
    let serializer = serde_wasm_bindgen::Serializer::json_compatible();
    // Texts and numbers always have a JavaScript value.
    if let Ok(message) = sentence.message().serialize(&serializer) {
        Object::assign(&error, message.unchecked_ref());
    }
    error.into()
}

/// A plain JavaScript value (objects, not maps; numbers, not big integers).
pub fn to_js<T: Serialize + ?Sized>(value: &T) -> JsResult<JsValue> {
    let serializer = serde_wasm_bindgen::Serializer::json_compatible();
    value.serialize(&serializer).map_err(|e| error(EngineError::Result { reason: Cause::of(&e) }))
}

/// Reads a plain JavaScript object. `what` names it in the error.
pub fn from_js<T: DeserializeOwned>(value: JsValue, what: ValueName) -> JsResult<T> {
    serde_wasm_bindgen::from_value(value)
        .map_err(|e| error(EngineError::Value { what, reason: Cause::of(&e) }))
}

/// The message of a JavaScript exception.
pub fn cause(thrown: &JsValue) -> Cause {
    match thrown.dyn_ref::<js_sys::Error>() {
        Some(error) => Cause::of(&String::from(error.message())),
        None => Cause::Unknown,
    }
}

/// A file that JavaScript reads, part by part.
pub struct JsFile {
    /// Size of the file in bytes.
    pub size: u64,
    /// Reads a part: `(offset, length)` to a `Uint8Array`.
    pub read: js_sys::Function,
}

/// Bytes read at once. Each part exists as a JavaScript array for a moment.
const CHUNK_BYTES: usize = 4 << 20;

impl ReadAt for JsFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), ReadError> {
        let mut at = offset;
        for piece in into.chunks_mut(CHUNK_BYTES) {
            let bytes = self.read.call2(&JsValue::NULL, &(at as f64).into(), &(piece.len() as f64).into());
            let bytes = Uint8Array::new(&bytes.map_err(|e| cause(&e))?);
            if bytes.length() as usize != piece.len() {
                return Err(ReadError::Early);
            }
            bytes.copy_to(piece);
            at += piece.len() as u64;
        }
        Ok(())
    }
}

/// A JavaScript object with these properties.
pub fn object(properties: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in properties {
        // Setting a property of a new plain object cannot fail.
        let _ = Reflect::set(&object, &JsValue::from_str(name), value);
    }
    object.into()
}

/// A square image as `{size, rgba}`.
pub fn pixels(size: u32, rgb: &[u8]) -> JsValue {
    let rgba: Vec<u8> = rgb.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect();
    object(&[("size", size.into()), ("rgba", Uint8Array::from(rgba.as_slice()).into())])
}

/// An image from RGBA pixels of a canvas. Transparent pixels become white.
pub fn image_from_rgba(width: u32, height: u32, rgba: &[u8]) -> JsResult<Image> {
    Image::from_rgba(width, height, rgba).map_err(error)
}

/// Values as a `Float32Array`.
pub fn floats(values: &[f32]) -> JsValue {
    Float32Array::from(values).into()
}
