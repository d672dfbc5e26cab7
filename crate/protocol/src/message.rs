//! Sentences that a person reads, as codes with typed parameters.
//!
//! [`messages!`](crate::messages!) declares an enum of sentences once. The command line and Rust callers print the
//! English text (`Display`). The page gets a [`Message`], the code with its parameters, and looks the sentence up in its
//! catalogue, in the visitor's language. `cargo xtask` writes the English catalogue and the TypeScript types from
//! [`MessageSpec`]s, so the English text has one home.

use std::fmt::{self, Display};

use serde::Serialize;

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Param {
    /// A number, formatted for the reader's language.
    Number(f64),
    /// A name or a text that is not translated: a file name, a tensor's key, what a library says.
    Text(String),
    /// A sentence or a part of one, translated before it is inserted.
    Message(Message),
}

/// What kind of value a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParamKind {
    /// [`Param::Number`].
    Number,
    /// [`Param::Number`] without a fraction.
    Integer,
    /// [`Param::Text`].
    Text,
    /// [`Param::Message`].
    Message,
}

/// A sentence as it travels: its code and its parameters by name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Message {
    /// The key in the catalogue, such as `dataEmpty`. A key of another catalogue has its name before a dot:
    /// `options.dropoutTitle`.
    pub code: &'static str,
    /// The English text with its placeholders; it does not travel.
    #[serde(skip)]
    pub text: &'static str,
    /// The parameters, in the order of their declaration.
    #[serde(serialize_with = "params_as_map")]
    pub params: Vec<(&'static str, Param)>,
}

/// The English sentence. One function for all of them: formatting code for each would be larger than the texts.
impl Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.text;
        while let Some((text, after)) = rest.find(['{', '}']).map(|at| rest.split_at(at)) {
            f.write_str(text)?;
            let doubled = after.strip_prefix("{{").zip(Some("{")).or(after.strip_prefix("}}").zip(Some("}")));
            if let Some((after, brace)) = doubled {
                f.write_str(brace)?;
                rest = after;
                continue;
            }
            // A test holds every placeholder against the parameters.
            let Some((name, after)) = after.get(1..).and_then(|after| after.split_once('}')) else { break };
            let (name, digits) = name.split_once(":.").unwrap_or((name, ""));
            match self.params.iter().find(|(param, _)| *param == name) {
                Some((_, Param::Number(number))) => match digits.parse::<usize>() {
                    Ok(digits) => write!(f, "{number:.digits$}")?,
                    Err(_) => write!(f, "{number}")?,
                },
                Some((_, Param::Text(text))) => f.write_str(text)?,
                Some((_, Param::Message(message))) => message.fmt(f)?,
                None => f.write_str(name)?,
            }
            rest = after;
        }
        f.write_str(rest)
    }
}

fn params_as_map<S: serde::Serializer>(params: &[(&'static str, Param)], s: S) -> Result<S::Ok, S::Error> {
    s.collect_map(params.iter().map(|(name, value)| (name, value)))
}

/// How a sentence is declared: what the catalogue and the TypeScript types are written from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageSpec {
    /// The key in the catalogue.
    pub code: &'static str,
    /// The English text; `{name}` and `{name:.1}` (digits after the point) stand for parameters.
    pub text: &'static str,
    /// The parameters: name and kind.
    pub params: &'static [(&'static str, ParamKind)],
}

/// An enum declared by [`messages!`](crate::messages!).
pub trait Sentence: Display {
    /// The code with its parameters.
    fn message(&self) -> Message;
}

/// A type that parameters can have.
pub trait IntoParam {
    /// The kind of its values.
    const KIND: ParamKind;
    /// The value as it travels.
    fn param(&self) -> Param;
}

macro_rules! numbers {
    ($kind:ident: $($number:ty),+) => {
        $(impl IntoParam for $number {
            const KIND: ParamKind = ParamKind::$kind;
            fn param(&self) -> Param {
                Param::Number(*self as f64)
            }
        })+
    };
}

numbers!(Integer: u8, u32, u64, usize);
numbers!(Number: f64);

impl IntoParam for String {
    const KIND: ParamKind = ParamKind::Text;
    fn param(&self) -> Param {
        Param::Text(self.clone())
    }
}

impl IntoParam for &'static str {
    const KIND: ParamKind = ParamKind::Text;
    fn param(&self) -> Param {
        Param::Text((*self).into())
    }
}

/// A tensor's shape inside a sentence, outermost dimension first: `[64, 3, 11, 11]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape(pub Vec<usize>);

impl Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl From<Vec<usize>> for Shape {
    fn from(shape: Vec<usize>) -> Self {
        Self(shape)
    }
}

impl From<&[usize]> for Shape {
    fn from(shape: &[usize]) -> Self {
        Self(shape.to_vec())
    }
}

impl IntoParam for Shape {
    const KIND: ParamKind = ParamKind::Text;
    fn param(&self) -> Param {
        Param::Text(self.to_string())
    }
}

impl<T: IntoParam> IntoParam for Box<T> {
    const KIND: ParamKind = T::KIND;
    fn param(&self) -> Param {
        (**self).param()
    }
}

/// Declares an enum of sentences: variants with documented, typed parameters and their English text.
///
/// The code of a variant is the prefix followed by the variant's name. Variants after `transparent` hold another such
/// enum and pass its sentence on; `From` is implemented for them.
///
/// ```
/// alexnet_protocol::messages! {
///     /// Why an image cannot be read.
///     ImageError "image" {
///         /// Nothing in the file.
///         Empty => "The file is empty: choose another image.",
///         /// The data end before the image does.
///         Truncated {
///             /// Name of the image format.
///             format: String,
///         } => "The {format} image is cut off: download it again.",
///     }
/// }
///
/// use alexnet_protocol::message::Sentence;
/// let error = ImageError::Truncated { format: "PNG".into() };
/// assert_eq!(error.to_string(), "The PNG image is cut off: download it again.");
/// assert_eq!(error.message().code, "imageTruncated");
/// ```
#[macro_export]
macro_rules! messages {
    (
        $(#[$meta:meta])*
        $name:ident $prefix:literal {
            $(
                $(#[$variant_meta:meta])*
                $variant:ident $({ $($(#[$field_meta:meta])* $field:ident: $type:ty),+ $(,)? })? => $text:literal
            ),* $(,)?
        }
        $(transparent {
            $($(#[$inner_meta:meta])* $inner:ident($inner_type:ty)),+ $(,)?
        })?
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $name {
            $($(#[$variant_meta])* $variant $({ $($(#[$field_meta])* $field: $type),+ })?,)*
            $($($(#[$inner_meta])* $inner($inner_type),)+)?
        }

        impl $name {
            /// Every sentence declared here, in order.
            #[allow(dead_code)] // Read by the build task alone.
            pub const SPECS: &'static [$crate::message::MessageSpec] = &[
                $($crate::message::MessageSpec {
                    code: concat!($prefix, stringify!($variant)),
                    text: $text,
                    params: &[$($((
                        stringify!($field),
                        <$type as $crate::message::IntoParam>::KIND,
                    )),+)?],
                },)*
            ];
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&$crate::message::Sentence::message(self), f)
            }
        }

        impl std::error::Error for $name {}

        impl $crate::message::Sentence for $name {
            fn message(&self) -> $crate::message::Message {
                match self {
                    $(Self::$variant $({ $($field),+ })? => $crate::message::Message {
                        code: concat!($prefix, stringify!($variant)),
                        text: $text,
                        params: vec![$($((
                            stringify!($field),
                            $crate::message::IntoParam::param($field),
                        )),+)?],
                    },)*
                    $($(Self::$inner(inner) => $crate::message::Sentence::message(inner),)+)?
                }
            }
        }

        impl $crate::message::IntoParam for $name {
            const KIND: $crate::message::ParamKind = $crate::message::ParamKind::Message;
            fn param(&self) -> $crate::message::Param {
                $crate::message::Param::Message($crate::message::Sentence::message(self))
            }
        }

        $($(impl From<$inner_type> for $name {
            fn from(inner: $inner_type) -> Self {
                Self::$inner(inner)
            }
        })+)?
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    messages! {
        /// What was found instead.
        Found "found" {
            /// A PDF.
            Pdf => "a PDF document",
        }
    }

    messages! {
        /// Why a file cannot be read.
        FileError "file" {
            /// Nothing in it.
            Empty => "The file is empty.",
            /// Something else.
            Other {
                /// What it is.
                found: Found,
                /// Its name.
                name: String,
            } => "“{name}” is {found}.",
            /// More than fits.
            TooLarge {
                /// Size in megabytes (10⁶ bytes).
                megabytes: f64,
                /// Files.
                count: usize,
            } => "{count} files take {megabytes:.1} MB.",
        }
    }

    messages! {
        /// Any error.
        AnyError "any" {}
        transparent {
            /// Of a file.
            File(FileError),
        }
    }

    #[test]
    fn a_sentence_is_english_text_and_a_code_with_parameters() {
        let error = AnyError::from(FileError::Other { found: Found::Pdf, name: "a.jpg".into() });
        assert_eq!(error.to_string(), "“a.jpg” is a PDF document.");
        assert_eq!(FileError::Empty.to_string(), "The file is empty.");
        let json = serde_json::to_value(error.message()).unwrap();
        let params = serde_json::json!({ "found": { "code": "foundPdf", "params": {} }, "name": "a.jpg" });
        assert_eq!(json, serde_json::json!({ "code": "fileOther", "params": params }));
    }

    #[test]
    fn numbers_keep_their_digits() {
        let error = FileError::TooLarge { megabytes: 1.25, count: 3 };
        assert_eq!(error.to_string(), "3 files take 1.2 MB.");
        assert_eq!(
            error.message().params,
            [("megabytes", Param::Number(1.25)), ("count", Param::Number(3.0))]
        );
    }

    #[test]
    fn a_spec_names_code_text_and_parameters() {
        let [empty, other, large] = FileError::SPECS else { panic!("three sentences") };
        assert_eq!((empty.code, empty.params), (FileError::Empty.message().code, [].as_slice()));
        assert_eq!(other.params, [("found", ParamKind::Message), ("name", ParamKind::Text)]);
        assert_eq!(large.text, "{count} files take {megabytes:.1} MB.");
    }
}
