//! Running other programs, and describing their failures.

use std::env;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::files::{root, target};

/// A command that runs in the repository's root.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root(""));
    command
}

/// The cargo that runs this task, with its target folder.
pub fn cargo() -> Command {
    let mut cargo = command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.env("CARGO_TARGET_DIR", target());
    cargo
}

/// Runs a command, with its output going to ours.
///
/// # Errors
/// The command line and its exit status, or that the program is missing and `fix`.
pub fn run(command: &mut Command, fix: &str) -> Result<()> {
    let status = command.status().map_err(|error| not_started(command, &error, fix))?;
    if !status.success() {
        bail!("`{}` failed ({status})", line(command));
    }
    Ok(())
}

/// Runs a command and returns its stdout.
pub fn output(command: &mut Command, fix: &str) -> Result<String> {
    let output =
        command.stderr(Stdio::inherit()).output().map_err(|error| not_started(command, &error, fix))?;
    if !output.status.success() {
        bail!("`{}` failed ({})", line(command), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a command, prints its stdout line by line and passes each line to `see`. Returns whether the command
/// succeeded.
pub fn watch(command: &mut Command, fix: &str, mut see: impl FnMut(&str)) -> Result<bool> {
    let mut child =
        command.stdout(Stdio::piped()).spawn().map_err(|error| not_started(command, &error, fix))?;
    if let Some(stdout) = child.stdout.take() {
        let mut ours = std::io::stdout().lock();
        for text in BufReader::new(stdout).split(b'\n') {
            let text = text.context("cannot read what the tests print")?;
            let text = String::from_utf8_lossy(&text);
            writeln!(ours, "{text}").context("cannot print")?;
            see(&text);
        }
    }
    let status = child.wait().with_context(|| format!("cannot wait for `{}`", line(command)))?;
    Ok(status.success())
}

/// Finds a program on the PATH.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn not_started(command: &Command, error: &std::io::Error, fix: &str) -> anyhow::Error {
    let program = command.get_program().to_string_lossy();
    match error.kind() {
        ErrorKind::NotFound => anyhow::anyhow!("`{program}` is not on this machine: {fix}"),
        _ => anyhow::anyhow!("`{program}` could not be started: {error}"),
    }
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_program_is_named_with_the_fix() {
        let error = run(&mut command("no-such-program-here"), "install it").unwrap_err();
        assert_eq!(error.to_string(), "`no-such-program-here` is not on this machine: install it");
    }

    #[test]
    fn a_failure_names_the_command() {
        let error = run(cargo().arg("no-such-subcommand").stderr(Stdio::null()), "").unwrap_err();
        assert!(error.to_string().contains("no-such-subcommand` failed"), "{error}");
    }

    #[test]
    fn watch_passes_every_line() {
        let mut seen = String::new();
        assert!(watch(cargo().arg("--version"), "", |text| seen.push_str(text)).unwrap());
        assert!(seen.starts_with("cargo "));
    }
}
