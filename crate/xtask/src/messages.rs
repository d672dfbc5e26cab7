//! The English messages of Rust code for the page: `web/messages/en/rust.json`, `options.json`,
//! `experiments.json` and their types.
//!
//! Messages are declared in crate/protocol with Rust's placeholders (`{count}`, `{size:.1}`). The page's catalogue is
//! ICU MessageFormat, so numbers become `{count, number}`, and apostrophes and braces are quoted.

use std::collections::BTreeMap;
use std::path::PathBuf;

use alexnet_protocol::message::{MessageSpec, ParamKind};
use alexnet_protocol::messages::all;
use alexnet_protocol::{CHOICE_NAMES, EXPERIMENTS, option_table};
use anyhow::{Context, Result, bail, ensure};

use crate::files::{root, write_if_changed};

/// Messages by their code, in the order in which a file lists them.
type Messages = BTreeMap<String, String>;

/// Writes the catalogue and its types where they changed, and says whether one did.
pub fn write() -> Result<bool> {
    let mut changed = false;
    for (file, text) in files()? {
        changed |= write_if_changed(&file, text.as_bytes())?;
    }
    let types = root("web/src/generated/rust-messages.ts");
    changed |= write_if_changed(&types, declarations(&all()).as_bytes())?;
    Ok(changed)
}

/// The files that are committed, with their text.
fn files() -> Result<[(PathBuf, String); 3]> {
    let folder = root("web/messages/en");
    let file = |name: &str, messages: &Messages| {
        let text = serde_json::to_string_pretty(messages).context("cannot write the messages as JSON")?;
        Ok::<_, anyhow::Error>((folder.join(name), text + "\n"))
    };
    Ok([
        file("rust.json", &rust_messages(&all())?)?,
        file("options.json", &option_messages())?,
        file("experiments.json", &experiment_messages())?,
    ])
}

/// The messages of errors and warnings.
fn rust_messages(specs: &[MessageSpec]) -> Result<Messages> {
    let mut found = Messages::new();
    for spec in specs {
        let text = icu(spec).with_context(|| format!("the message {}", spec.code))?;
        ensure!(found.insert(spec.code.into(), text).is_none(), "two messages have the code {}", spec.code);
    }
    Ok(found)
}

/// Title and help of each option (`dropoutTitle`, `dropoutHelp`) and the names of choices (`choiceLeakyRelu`).
fn option_messages() -> Messages {
    let rows = option_table().into_iter().flat_map(|row| {
        [(format!("{}Title", row.name), quote(row.title)), (format!("{}Help", row.name), quote(row.help))]
    });
    rows.chain(CHOICE_NAMES.iter().map(|(value, name)| (choice_key(value), quote(name)))).collect()
}

/// Every text of the experiments.
fn experiment_messages() -> Messages {
    let texts = EXPERIMENTS.iter().flat_map(|experiment| experiment.texts());
    texts.map(|(key, text)| (key, quote(text))).collect()
}

/// The key of a choice's name: `choiceLeakyRelu` for `leaky-relu`.
fn choice_key(value: &str) -> String {
    let words = value.split('-').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    });
    words.fold("choice".into(), |key, word| key + &word)
}

/// A message in ICU MessageFormat.
fn icu(spec: &MessageSpec) -> Result<String> {
    let mut text = String::new();
    let mut rest = spec.text;
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&quote(&rest[..at]));
        rest = &rest[at..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            text.push_str(&quote(&rest[..1]));
            rest = &rest[2..];
            continue;
        }
        let Some((placeholder, after)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
            bail!("a brace is not closed");
        };
        let (name, format) = placeholder.split_once(':').unwrap_or((placeholder, ""));
        let Some((_, kind)) = spec.params.iter().find(|(param, _)| *param == name) else {
            bail!("there is no parameter {name}");
        };
        text.push_str(&argument(name, *kind, format)?);
        rest = after;
    }
    text.push_str(&quote(rest));
    Ok(text)
}

/// A placeholder: a number is formatted for the language, with the digits that `.1` and the like ask for.
fn argument(name: &str, kind: ParamKind, format: &str) -> Result<String> {
    let digits = match format.strip_prefix('.').map(str::parse::<usize>) {
        None if format.is_empty() => None,
        Some(Ok(digits)) => Some(digits),
        _ => bail!("the format {format:?} of {name} has no counterpart on the page"),
    };
    Ok(match (kind, digits) {
        (ParamKind::Integer, None) => format!("{{{name}, number}}"),
        // Without it three digits after the point are shown.
        (ParamKind::Number, None) => format!("{{{name}, number, ::precision-unlimited}}"),
        (ParamKind::Number, Some(0)) => format!("{{{name}, number, integer}}"),
        (ParamKind::Number, Some(digits)) => format!("{{{name}, number, ::.{}}}", "0".repeat(digits)),
        (_, None) => format!("{{{name}}}"),
        (_, Some(_)) => bail!("{name} is no number and cannot have digits"),
    })
}

/// Text that stands for itself in ICU MessageFormat.
fn quote(text: &str) -> String {
    text.replace('\'', "''").replace('{', "'{'").replace('}', "'}'")
}

/// The TypeScript types of the codes and their parameters.
fn declarations(specs: &[MessageSpec]) -> String {
    let mut text = String::from(
        "// Written from crate/protocol/src/messages by `cargo xtask generate`: change it there.\n\n\
         /** The parameters of each message from Rust, by its code. */\n\
         export interface RustMessages {\n",
    );
    for spec in specs {
        let params = spec.params.iter().map(|(name, kind)| {
            let kind = match kind {
                ParamKind::Number | ParamKind::Integer => "number",
                ParamKind::Text => "string",
                ParamKind::Message => "RustMessage",
            };
            format!("{name}: {kind}")
        });
        let params = params.collect::<Vec<_>>().join("; ");
        let params =
            if params.is_empty() { "Record<never, never>".into() } else { format!("{{ {params} }}") };
        text.push_str(&format!("  {}: {params};\n", spec.code));
    }
    text.push_str(
        "}\n\n/** A code of a message from Rust. */\nexport type RustCode = keyof RustMessages;\n\n\
         /** The title of an option inside a message. */\n\
         export interface OptionTitle { code: `options.${string}Title`; params: Record<never, never> }\n\n\
         /** A message from Rust: its code and parameters. */\n\
         export type RustMessage =\n  \
         | { [Code in RustCode]: { code: Code; params: RustMessages[Code] } }[RustCode]\n  | OptionTitle;\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const SPEC: MessageSpec = MessageSpec {
        code: "fileLarge",
        text: "“{name}” isn't small: {count} parts, {share}, {size:.1} MB of {{json}}, {percent:.0} %. {why}",
        params: &[
            ("name", ParamKind::Text),
            ("count", ParamKind::Integer),
            ("share", ParamKind::Number),
            ("size", ParamKind::Number),
            ("percent", ParamKind::Number),
            ("why", ParamKind::Message),
        ],
    };

    #[test]
    fn placeholders_become_icu_arguments_and_text_is_quoted() {
        assert_eq!(
            icu(&SPEC).unwrap(),
            "“{name}” isn''t small: {count, number} parts, {share, number, ::precision-unlimited}, {size, number, ::.0} MB of '{'json'}', \
             {percent, number, integer} %. {why}"
        );
    }

    #[test]
    fn invalid_placeholders_and_duplicate_codes_are_rejected() {
        for (text, words) in [
            ("{other}", "there is no parameter other"),
            ("{size:?}", "has no counterpart"),
            ("{name:.1}", "is no number"),
            ("{name", "is not closed"),
        ] {
            let error = icu(&MessageSpec { text, ..SPEC }).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        assert!(rust_messages(&[SPEC, SPEC]).is_err(), "a code names one message");
    }

    #[test]
    fn types_name_every_parameter() {
        let text = declarations(&[SPEC, MessageSpec { code: "fileEmpty", text: "Empty.", params: &[] }]);
        let line = "  fileLarge: { name: string; count: number; share: number; size: number; percent: number; why: RustMessage };";
        assert!(text.contains(line), "{text}");
        assert!(text.contains("  fileEmpty: Record<never, never>;"), "{text}");
    }

    #[test]
    fn the_committed_catalogue_is_current() {
        for (file, text) in files().unwrap() {
            let committed = fs::read_to_string(&file).unwrap_or_default();
            assert!(committed == text, "{} is outdated: run `cargo xtask generate`", file.display());
        }
    }
}
