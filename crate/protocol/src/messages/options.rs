//! What is wrong with an option, a name or a network's configuration.

use std::fmt;

use crate::message::{IntoParam, Message, Param, ParamKind};
use crate::messages;

/// The title of an option inside a sentence. Its text is in the catalogue of options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionTitle {
    /// The English title.
    pub title: &'static str,
    /// The key with its catalogue: `options.dropoutTitle`.
    pub code: &'static str,
}

impl fmt::Display for OptionTitle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title)
    }
}

impl IntoParam for OptionTitle {
    const KIND: ParamKind = ParamKind::Message;
    fn param(&self) -> Param {
        Param::Message(Message { code: self.code, text: self.title, params: vec![] })
    }
}

messages! {
    /// A name that is none of those offered.
    NameError "name" {
        /// No such name.
        Unknown {
            /// What was given.
            text: String,
            /// The names that exist.
            known: String,
        } => "“{text}” is not one of {known}.",
    }
}

messages! {
    /// Why an option cannot have a value.
    OptionError "option" {
        /// Not a number, or out of range.
        Number {
            /// The option.
            option: OptionTitle,
            /// The value as JSON.
            value: String,
            /// The smallest allowed value.
            min: f64,
            /// The largest allowed value.
            max: f64,
        } => "{option} cannot be {value}: use a number from {min} to {max}.",
        /// Not a whole number, or out of range.
        Integer {
            /// The option.
            option: OptionTitle,
            /// The value as JSON.
            value: String,
            /// The smallest allowed value.
            min: f64,
            /// The largest allowed value.
            max: f64,
        } => "{option} cannot be {value}: use a whole number from {min} to {max}.",
        /// None of the choices.
        Choice {
            /// The option.
            option: OptionTitle,
            /// The value as JSON.
            value: String,
            /// The choices that exist.
            choices: String,
        } => "{option} cannot be {value}: use one of {choices}.",
        /// Not true or false.
        Switch {
            /// The option.
            option: OptionTitle,
            /// The value as JSON.
            value: String,
        } => "{option} cannot be {value}: use true or false.",
        /// Not a text.
        Text {
            /// The option.
            option: OptionTitle,
            /// The value as JSON.
            value: String,
        } => "{option} cannot be {value}: use a text.",
        /// Changed while a run goes on.
        Fixed {
            /// The option.
            option: OptionTitle,
        } => "{option} cannot change during a run: reset the run to use another.",
    }
}

messages! {
    /// Why a network cannot be built.
    NetworkError "network" {
        /// Width out of range.
        Width {
            /// The width asked for.
            width: f64,
        } => "Width cannot be {width}: use a number above 0 and up to 8.",
        /// Dropout out of range.
        Dropout {
            /// The probability asked for.
            dropout: f64,
        } => "Dropout cannot be {dropout}: use a number from 0 to below 1.",
        /// Too many classes, or none.
        Classes {
            /// Classes asked for.
            classes: u32,
            /// The largest number.
            most: u32,
        } => "A network cannot have {classes} classes: use 1 to {most}.",
        /// Half of a network that has no halves.
        OnePiece {
            /// The network's name.
            network: &'static str,
        } => "{network} is in one piece: choose alexnet-2012-32 for two towers.",
        /// A single class for two towers.
        OneClass => "One class cannot be shared by two towers: use a data set with more classes.",
        /// Response normalisation over the channels of both towers.
        AcrossTowers {
            /// The choice of response normalisation.
            norm: &'static str,
        } => "With the response normalisation “{norm}” the two towers would have to exchange more data than \
            in the paper: choose paper or none.",
    }
}
