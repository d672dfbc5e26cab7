//! The options of a run as command line flags, made from the protocol's option table.

use std::collections::BTreeMap;

use alexnet_protocol::messages::OptionError;
use alexnet_protocol::{Network, OptionKind, OptionSpec, RunOptions, option_table};
use anyhow::{Context, Result};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches};
use serde_json::Value;

/// The options given on the command line. All others keep the value of the options they are applied to.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct RunFlags(BTreeMap<&'static str, Value>);

/// Default options of `alexnet train`. The network is the one that ships, because the data are usually one's
/// own photos. Everything else is as on the page.
pub fn defaults() -> RunOptions {
    RunOptions { network: Network::AlexNet64, ..RunOptions::default() }
}

/// The rows that are flags. The data set comes from `--data`.
fn flag_rows() -> impl Iterator<Item = OptionSpec> {
    option_table().into_iter().filter(|spec| spec.name != "dataset")
}

impl RunFlags {
    /// Replaces values of `options` by those given on the command line.
    ///
    /// # Errors
    /// If the result violates the option table.
    pub fn apply_to(&self, options: &RunOptions) -> Result<RunOptions> {
        let mut value = serde_json::to_value(options)?;
        for (name, typed) in &self.0 {
            value[*name] = typed.clone();
        }
        let options: RunOptions = serde_json::from_value(value).context("the options do not fit together")?;
        options.check()?;
        Ok(options)
    }

    /// The value given for an option that takes a name.
    pub fn name(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// Whether this option was given.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

impl Args for RunFlags {
    fn augment_args(command: Command) -> Command {
        let defaults = serde_json::to_value(defaults()).unwrap_or_default();
        flag_rows().fold(command.next_help_heading("Training options"), |command, spec| {
            let default = match &defaults[spec.name] {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let arg =
                Arg::new(spec.name).long(spec.flag()).help(format!("{} [default: {default}]", spec.help));
            let arg = match &spec.kind {
                OptionKind::Number { min, max, .. } => arg.value_name(format!("{min}..{max}")),
                OptionKind::Choice { values } => arg.value_name(values.join("|")),
                OptionKind::Switch => arg
                    .value_name("true|false")
                    .num_args(0..=1)
                    .default_missing_value("true")
                    .require_equals(true),
                OptionKind::Text => arg.value_name("TEXT"),
            };
            // A shorter alias for averaged weights.
            let arg = if spec.name == "weightAverage" { arg.visible_alias("average") } else { arg };
            command.arg(arg.allow_hyphen_values(true).value_parser(move |text: &str| parse(&spec, text)))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for RunFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        for spec in flag_rows() {
            if matches.value_source(spec.name) == Some(ValueSource::CommandLine) {
                let value = matches.get_one::<Value>(spec.name).cloned();
                let value = value.ok_or_else(|| Error::raw(ErrorKind::InvalidValue, spec.flag()))?;
                self.0.insert(spec.name, value);
            }
        }
        Ok(())
    }
}

/// Parses a value for a row of the table.
fn parse(spec: &OptionSpec, text: &str) -> Result<Value, OptionError> {
    let value = match spec.kind {
        OptionKind::Number { integer, .. } => match text.parse::<f64>() {
            Ok(number) if integer && number.fract() == 0.0 && number >= 0.0 => Value::from(number as u64),
            Ok(number) => Value::from(number),
            Err(_) => Value::from(text),
        },
        OptionKind::Switch => text.parse().map_or_else(|_| Value::from(text), Value::Bool),
        OptionKind::Choice { .. } | OptionKind::Text => Value::from(text),
    };
    spec.check(&value).map(|()| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(args: &[&str]) -> Result<RunOptions, String> {
        let command = RunFlags::augment_args(Command::new("test").no_binary_name(true));
        let matches = command.try_get_matches_from(args).map_err(|e| e.to_string())?;
        let flags = RunFlags::from_arg_matches(&matches).map_err(|e| e.to_string())?;
        flags.apply_to(&defaults()).map_err(|e| e.to_string())
    }

    #[test]
    fn no_flags_give_the_defaults() {
        assert_eq!(typed(&[]).unwrap(), defaults());
    }

    #[test]
    fn every_option_is_a_flag_that_accepts_its_default() {
        let values = serde_json::to_value(defaults()).unwrap();
        for spec in flag_rows() {
            let value = match &values[spec.name] {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            assert_eq!(typed(&[&format!("--{}={value}", spec.flag())]).unwrap(), defaults(), "{}", spec.name);
        }
    }

    #[test]
    fn flags_replace_defaults() {
        let options = typed(&[
            "--batch-size",
            "1e2",
            "--flip",
            "--learning-rate=0.1",
            "--average",
            "0.999",
            "--freeze",
            "conv",
        ])
        .unwrap();
        assert_eq!((options.batch_size, options.flip, options.learning_rate), (100, true, 0.1));
        assert_eq!((options.weight_average, options.freeze.name()), (0.999, "conv"));
        assert!(!typed(&["--flip=false"]).unwrap().flip);
    }

    #[test]
    fn out_of_range_values_give_the_option_tables_error() {
        for args in [
            ["--dropout", "1.5"],
            ["--batch-size", "2.5"],
            ["--learning-rate", "-1"],
            ["--network", "vgg"],
            ["--seed", "x"],
        ] {
            let error = typed(&args).unwrap_err();
            assert!(error.contains("cannot be"), "{error}");
        }
    }
}
