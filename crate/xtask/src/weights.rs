//! Published weights: the list that the page offers, and downloading the files to the site.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use alexnet_protocol::{PUBLISHED_MODELS, PublishedModel};
use anyhow::{Context, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::files::{root, write_if_changed};
use crate::stage::stage;
use crate::stamp::hex;

/// One row of the page's list.
#[derive(Serialize)]
struct Row {
    name: &'static str,
    /// Relative to the page if the site holds the file.
    url: String,
    bytes: u64,
    sha256: &'static str,
    dataset: &'static str,
    classes: u32,
    top1: f64,
    top5: f64,
    publisher: &'static str,
    licence: &'static str,
    /// The origin recorded in files exported from these weights.
    origin: String,
}

/// Writes the list of what the page in this folder (`web/public`, `web/dist`) can offer.
pub fn write_list(site: &Path) -> Result<()> {
    let rows = PUBLISHED_MODELS.map(|model| {
        let here = site.join("models").join(model.file).exists();
        Row {
            name: model.name,
            url: if here { format!("models/{}", model.file) } else { model.url.to_owned() },
            bytes: model.bytes,
            sha256: model.sha256,
            dataset: model.dataset,
            classes: model.classes,
            top1: model.top1,
            top5: model.top5,
            publisher: model.publisher,
            licence: model.licence,
            origin: model.origin(),
        }
    });
    let text = serde_json::to_vec_pretty(&rows).context("cannot write the list of weights")?;
    write_if_changed(&site.join("generated/weights.json"), &text).map(drop)
}

/// Downloads missing files, checks them and copies them to the site, built or not.
pub fn download() -> Result<()> {
    stage("published weights", || {
        let (public, dist) = (root("web/public"), root("web/dist"));
        for model in PUBLISHED_MODELS {
            let file = download_one(&model, &public.join("models"))?;
            if dist.join("index.html").exists() {
                fs::create_dir_all(dist.join("models")).context("cannot make web/dist/models")?;
                let copy = dist.join("models").join(model.file);
                fs::copy(&file, &copy).with_context(|| format!("cannot write {}", copy.display()))?;
                write_list(&dist)?;
            }
        }
        write_list(&public)?;
        Ok("checked, and offered under “From elsewhere” on the page's Models view".into())
    })
}

/// Downloads and checks a file, unless it exists. An interrupted download is resumed.
fn download_one(model: &PublishedModel, folder: &Path) -> Result<PathBuf> {
    let complete = folder.join(model.file);
    if complete.exists() {
        return Ok(complete);
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let path = folder.join(format!("{}.part", model.file));
    let context = || format!("cannot write {}", path.display());
    let mut partial = File::options().read(true).write(true).create(true).truncate(false).open(&path);
    let partial =
        partial.as_mut().map_err(|e| io::Error::new(e.kind(), e.to_string())).with_context(context)?;
    fetch(model, partial)?;
    let hash = hash(partial).with_context(context)?;
    if hash != model.sha256 {
        fs::remove_file(&path).with_context(context)?;
        anyhow::bail!("what {} sends is not the published file (SHA-256 {hash}): try again later", model.url);
    }
    fs::rename(&path, &complete).with_context(context)?;
    Ok(complete)
}

/// Downloads the missing part of a file.
fn fetch(model: &PublishedModel, partial: &mut File) -> Result<()> {
    let unreachable = || {
        format!(
            "cannot download {}: check the network and start again, which goes on from there; or fetch the file \
             elsewhere and import it on the page",
            model.url
        )
    };
    let from = partial.seek(SeekFrom::End(0)).context("cannot read the part that is there")?;
    if from == model.bytes {
        return Ok(());
    }
    let request = ureq::get(model.url).header("Range", format!("bytes={from}-"));
    let mut response = request.call().with_context(unreachable)?;
    let mut received = from;
    if response.status() != 206 {
        // This server does not support ranges.
        partial.set_len(0).and_then(|()| partial.rewind()).context("cannot begin anew")?;
        received = 0;
    }
    let style = ProgressStyle::with_template("{wide_bar} {bytes} of {total_bytes}, {eta} left");
    let bar = ProgressBar::new(model.bytes)
        .with_style(style.context("cannot show progress")?)
        .with_position(received);
    let mut body = bar.wrap_read(response.body_mut().as_reader());
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = body.read(&mut buffer).with_context(unreachable)?;
        if count == 0 {
            break;
        }
        partial.write_all(buffer.get(..count).unwrap_or_default()).context("cannot write the file")?;
        received += count as u64;
    }
    bar.finish_and_clear();
    ensure!(
        received == model.bytes,
        "{} sends {received} bytes instead of {}: try again later",
        model.url,
        model.bytes
    );
    Ok(())
}

fn hash(file: &mut File) -> io::Result<String> {
    file.rewind()?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hash.finalize())),
            count => hash.update(buffer.get(..count).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;
    use std::sync::mpsc::{Receiver, channel};
    use std::thread;

    use super::*;
    use crate::files::TempFolder;

    const BODY: &[u8] = b"all the weights of a network";

    /// A server of [`BODY`] that supports ranges, or (`ignores_ranges`) does not. Returns its address and the
    /// ranges requested.
    fn server(ignores_ranges: bool) -> (&'static str, Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/weights.pth", listener.local_addr().unwrap());
        let (send_range, requested_ranges) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let asked: Vec<String> =
                    lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
                let range = asked
                    .iter()
                    .find_map(|line| line.to_lowercase().strip_prefix("range: bytes=").map(str::to_owned));
                let range = range.unwrap_or_default();
                let from: usize =
                    if ignores_ranges { 0 } else { range.trim_end_matches('-').parse().unwrap_or(0) };
                let status = if ignores_ranges { "200 OK" } else { "206 Partial Content" };
                let body = &BODY[from..];
                let head = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                stream.write_all(head.as_bytes()).unwrap();
                stream.write_all(body).unwrap();
                send_range.send(range).ok();
            }
        });
        (Box::leak(url.into_boxed_str()), requested_ranges)
    }

    fn published(url: &'static str) -> PublishedModel {
        let sha256 = Box::leak(hex(&Sha256::digest(BODY)).into_boxed_str());
        PublishedModel { file: "weights.pth", url, bytes: BODY.len() as u64, sha256, ..PUBLISHED_MODELS[0] }
    }

    #[test]
    fn file_is_downloaded_checked_and_not_downloaded_again() {
        let scratch = TempFolder::new("weights-whole");
        let (url, asked) = server(false);
        let file = download_one(&published(url), scratch.path()).unwrap();
        assert_eq!(fs::read(&file).unwrap(), BODY);
        assert_eq!(asked.recv().unwrap(), "0-");
        assert_eq!(download_one(&published("http://127.0.0.1:1/"), scratch.path()).unwrap(), file);
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1);
    }

    #[test]
    fn interrupted_download_is_resumed_if_the_server_supports_ranges() {
        for ignores_ranges in [false, true] {
            let scratch = TempFolder::new(&format!("weights-part-{ignores_ranges}"));
            fs::write(scratch.path().join("weights.pth.part"), &BODY[..10]).unwrap();
            let (url, asked) = server(ignores_ranges);
            let file = download_one(&published(url), scratch.path()).unwrap();
            assert_eq!((fs::read(file).unwrap().as_slice(), asked.recv().unwrap().as_str()), (BODY, "10-"));
        }
    }

    #[test]
    fn failed_download_gives_one_error() {
        let scratch = TempFolder::new("weights-wrong");
        let (url, _asked) = server(false);
        let other = PublishedModel { sha256: PUBLISHED_MODELS[0].sha256, ..published(url) };
        let sentence = download_one(&other, scratch.path()).unwrap_err().to_string();
        assert!(sentence.contains("is not the published file (SHA-256 "), "{sentence}");
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0, "nothing is left of it");
        let longer = PublishedModel { bytes: 99, ..published(url) };
        let sentence = download_one(&longer, scratch.path()).unwrap_err().to_string();
        assert!(sentence.contains("sends 28 bytes instead of 99"), "{sentence}");
        let sentence = download_one(&published("http://127.0.0.1:1/"), &scratch.path().join("x"))
            .unwrap_err()
            .to_string();
        assert!(sentence.starts_with("cannot download http://127.0.0.1:1/: check the network"), "{sentence}");
    }

    #[test]
    fn list_names_the_local_file_or_the_publishers_address() {
        let scratch = TempFolder::new("weights-offer");
        let list = || {
            write_list(scratch.path()).unwrap();
            fs::read_to_string(scratch.path().join("generated/weights.json")).unwrap()
        };
        assert!(list().contains(r#""url": "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth""#));
        write_if_changed(&scratch.path().join("models/alexnet-owt-7be5be79.pth"), b"").unwrap();
        assert!(list().contains(r#""url": "models/alexnet-owt-7be5be79.pth""#));
        for model in PUBLISHED_MODELS {
            let start = model.file.rsplit_once('-').unwrap().1.split_once('.').unwrap().0;
            assert!(model.sha256.starts_with(start), "{}'s name carries its hash", model.file);
        }
    }
}
