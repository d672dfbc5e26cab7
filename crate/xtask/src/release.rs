//! The files of a release: an archive of the command line for this machine, one of the site, and their checksums.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use sha2::{Digest, Sha256};
use walkdir::WalkDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::command::{cargo, command, output, run};
use crate::files::{root, target, write_if_changed};
use crate::npm::{NO_NODE, npm};
use crate::stage::stage;
use crate::stamp::hex;
use crate::{build, toolchain};

/// A part of a release.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// The command line for this machine, as an archive.
    Archive,
    /// The built site, as an archive.
    Site,
}

const README: &str = "README.md";
const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];
/// The time of every file in an archive, so that the same files give the same archive.
const FILE_DATE: (u16, u8, u8) = (1980, 1, 1);

/// Makes one part below `target/release-files/`.
pub fn part(part: Part) -> Result<()> {
    match part {
        Part::Archive => stage("command line", command_line),
        Part::Site => stage("archive of the site", site),
    }
}

/// Makes everything that a release holds and publishes nothing: the archives of this machine, and npm's own dry run.
pub fn dry_run() -> Result<()> {
    part(Part::Archive)?;
    build::build_all()?;
    part(Part::Site)?;
    stage("npm publish --dry-run", || {
        let mut publish = npm();
        publish.current_dir(root("pkg")).args(["publish", "--dry-run", "--access", "public"]);
        run(&mut publish, NO_NODE)?;
        Ok("packed, and not published".into())
    })
}

/// Compiles `alexnet` and packs it with the licences.
fn command_line() -> Result<String> {
    run(cargo().args(["build", "--release", "--locked", "--package", "alexnet-cli"]), toolchain::NO_RUST)?;
    let program = format!("alexnet{}", std::env::consts::EXE_SUFFIX);
    let mut files = vec![(program.clone(), target().join("release").join(&program))];
    files.extend([README].into_iter().chain(LICENCES).map(|name| (name.to_owned(), root(name))));
    let name = format!("alexnet-{}-{}.zip", env!("CARGO_PKG_VERSION"), host()?);
    pack(&release_folder().join(name), &files, &program)
}

/// Packs web/dist.
fn site() -> Result<String> {
    let dist = root("web/dist");
    ensure!(dist.join("index.html").exists(), "web/dist holds no site: run `cargo xtask build`");
    let mut files = Vec::new();
    for entry in WalkDir::new(&dist).sort_by_file_name() {
        let entry = entry.with_context(|| format!("cannot list {}", dist.display()))?;
        if entry.file_type().is_file() {
            let name = entry.path().strip_prefix(&dist).context("a file outside its folder")?;
            files.push((name.to_string_lossy().replace('\\', "/"), entry.path().to_path_buf()));
        }
    }
    pack(&release_folder().join(format!("alexnet-{}-site.zip", env!("CARGO_PKG_VERSION"))), &files, "")
}

/// Where the files of a release go.
fn release_folder() -> PathBuf {
    target().join("release-files")
}

/// The target that this machine compiles for.
fn host() -> Result<String> {
    let about = output(command("rustc").arg("-vV"), toolchain::NO_RUST)?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`rustc -vV` names no host")?.to_owned())
}

/// Writes a ZIP of these files, `program` being executable, and its SHA-256 beside it.
fn pack(archive: &Path, files: &[(String, PathBuf)], program: &str) -> Result<String> {
    let context = || format!("cannot write {}", archive.display());
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let (year, month, day) = FILE_DATE;
    let time = zip::DateTime::from_date_and_time(year, month, day, 0, 0, 0).ok().with_context(context)?;
    for (name, path) in files {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mode = if name == program { 0o755 } else { 0o644 };
        let options = SimpleFileOptions::default().last_modified_time(time).unix_permissions(mode);
        zip.start_file(name, options).with_context(context)?;
        zip.write_all(&bytes).with_context(context)?;
    }
    let bytes = zip.finish().with_context(context)?.into_inner();
    write_if_changed(archive, &bytes)?;
    let name = archive.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let sum = format!("{}  {name}\n", hex(&Sha256::digest(&bytes)));
    write_if_changed(&archive.with_extension("zip.sha256"), sum.as_bytes())?;
    Ok(format!("{} of {} files", archive.display(), files.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::TempFolder;

    #[test]
    fn archives_are_reproducible_and_have_a_checksum() {
        let scratch = TempFolder::new("release");
        let file = scratch.path().join("alexnet");
        fs::write(&file, "program").unwrap();
        let archive = scratch.path().join("files/alexnet-1.zip");
        let files = [("alexnet".to_owned(), file)];
        pack(&archive, &files, "alexnet").unwrap();
        let bytes = fs::read(&archive).unwrap();
        pack(&archive, &files, "alexnet").unwrap();
        assert_eq!(fs::read(&archive).unwrap(), bytes);
        let sum = fs::read_to_string(scratch.path().join("files/alexnet-1.zip.sha256")).unwrap();
        assert_eq!(sum, format!("{}  alexnet-1.zip\n", hex(&Sha256::digest(&bytes))));
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
        assert_eq!(zip.by_name("alexnet").unwrap().unix_mode(), Some(0o100_755));
    }
}
