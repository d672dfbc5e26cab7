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
    about: &'static str,
    licence: &'static str,
    /// The origin recorded in files exported from these weights.
    origin: String,
}

/// Writes the list of what the page in this folder (`web/public`, `web/dist`) can offer.
pub fn write_list(site: &Path) -> Result<()> {
    let rows = PUBLISHED_MODELS.map(|one| {
        let here = site.join("models").join(one.file).exists();
        Row {
            name: one.name,
            url: if here { format!("models/{}", one.file) } else { one.url.to_owned() },
            bytes: one.bytes,
            sha256: one.sha256,
            about: one.about,
            licence: one.licence,
            origin: one.origin(),
        }
    });
    let text = serde_json::to_vec_pretty(&rows).context("cannot write the list of weights")?;
    write_if_changed(&site.join("generated/weights.json"), &text).map(drop)
}

/// Downloads missing files, checks them and copies them to the site, built or not.
pub fn download() -> Result<()> {
    stage("published weights", || {
        let (public, dist) = (root("web/public"), root("web/dist"));
        for one in PUBLISHED_MODELS {
            let file = download_one(&one, &public.join("models"))?;
            if dist.join("index.html").exists() {
                fs::create_dir_all(dist.join("models")).context("cannot make web/dist/models")?;
                let copy = dist.join("models").join(one.file);
                fs::copy(&file, &copy).with_context(|| format!("cannot write {}", copy.display()))?;
                write_list(&dist)?;
            }
        }
        write_list(&public)?;
        Ok("checked, and offered under “From elsewhere” on the page's Models view".into())
    })
}

/// Downloads and checks a file, unless it exists. An interrupted download is resumed.
fn download_one(one: &PublishedModel, folder: &Path) -> Result<PathBuf> {
    let whole = folder.join(one.file);
    if whole.exists() {
        return Ok(whole);
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let path = folder.join(format!("{}.part", one.file));
    let context = || format!("cannot write {}", path.display());
    let mut part = File::options().read(true).write(true).create(true).truncate(false).open(&path);
    let part = part.as_mut().map_err(|e| io::Error::new(e.kind(), e.to_string())).with_context(context)?;
    fetch(one, part)?;
    let hash = hash(part).with_context(context)?;
    if hash != one.sha256 {
        fs::remove_file(&path).with_context(context)?;
        anyhow::bail!("what {} sends is not the published file (SHA-256 {hash}): try again later", one.url);
    }
    fs::rename(&path, &whole).with_context(context)?;
    Ok(whole)
}

/// Downloads the missing part of a file.
fn fetch(one: &PublishedModel, part: &mut File) -> Result<()> {
    let unreachable = || {
        format!(
            "cannot download {}: check the network and start again, which goes on from there; or fetch the file \
             elsewhere and import it on the page",
            one.url
        )
    };
    let from = part.seek(SeekFrom::End(0)).context("cannot read the part that is there")?;
    if from == one.bytes {
        return Ok(());
    }
    let request = ureq::get(one.url).header("Range", format!("bytes={from}-"));
    let mut answer = request.call().with_context(unreachable)?;
    let mut have = from;
    if answer.status() != 206 {
        // This server does not support ranges.
        part.set_len(0).and_then(|()| part.rewind()).context("cannot begin anew")?;
        have = 0;
    }
    let style = ProgressStyle::with_template("{wide_bar} {bytes} of {total_bytes}, {eta} left");
    let bar =
        ProgressBar::new(one.bytes).with_style(style.context("cannot show progress")?).with_position(have);
    let mut body = bar.wrap_read(answer.body_mut().as_reader());
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = body.read(&mut buffer).with_context(unreachable)?;
        if count == 0 {
            break;
        }
        part.write_all(buffer.get(..count).unwrap_or_default()).context("cannot write the file")?;
        have += count as u64;
    }
    bar.finish_and_clear();
    ensure!(have == one.bytes, "{} sends {have} bytes instead of {}: try again later", one.url, one.bytes);
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
    use crate::files::Scratch;

    const BODY: &[u8] = b"all the weights of a network";

    /// A server of [`BODY`] that supports ranges, or (`stubborn`) does not. Returns its address and the
    /// ranges requested.
    fn server(stubborn: bool) -> (&'static str, Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/weights.pth", listener.local_addr().unwrap());
        let (tell, told) = channel();
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
                let from: usize = if stubborn { 0 } else { range.trim_end_matches('-').parse().unwrap_or(0) };
                let status = if stubborn { "200 OK" } else { "206 Partial Content" };
                let body = &BODY[from..];
                let head = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                stream.write_all(head.as_bytes()).unwrap();
                stream.write_all(body).unwrap();
                tell.send(range).ok();
            }
        });
        (Box::leak(url.into_boxed_str()), told)
    }

    fn published(url: &'static str) -> PublishedModel {
        let sha256 = Box::leak(hex(&Sha256::digest(BODY)).into_boxed_str());
        PublishedModel { file: "weights.pth", url, bytes: BODY.len() as u64, sha256, ..PUBLISHED_MODELS[0] }
    }

    #[test]
    fn file_is_downloaded_checked_and_not_downloaded_again() {
        let scratch = Scratch::new("weights-whole");
        let (url, asked) = server(false);
        let file = download_one(&published(url), scratch.path()).unwrap();
        assert_eq!(fs::read(&file).unwrap(), BODY);
        assert_eq!(asked.recv().unwrap(), "0-");
        assert_eq!(download_one(&published("http://127.0.0.1:1/"), scratch.path()).unwrap(), file);
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1);
    }

    #[test]
    fn interrupted_download_is_resumed_if_the_server_supports_ranges() {
        for stubborn in [false, true] {
            let scratch = Scratch::new(&format!("weights-part-{stubborn}"));
            fs::write(scratch.path().join("weights.pth.part"), &BODY[..10]).unwrap();
            let (url, asked) = server(stubborn);
            let file = download_one(&published(url), scratch.path()).unwrap();
            assert_eq!((fs::read(file).unwrap().as_slice(), asked.recv().unwrap().as_str()), (BODY, "10-"));
        }
    }

    #[test]
    fn failed_download_gives_one_error() {
        let scratch = Scratch::new("weights-wrong");
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
        let scratch = Scratch::new("weights-offer");
        let list = || {
            write_list(scratch.path()).unwrap();
            fs::read_to_string(scratch.path().join("generated/weights.json")).unwrap()
        };
        assert!(list().contains(r#""url": "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth""#));
        write_if_changed(&scratch.path().join("models/alexnet-owt-7be5be79.pth"), b"").unwrap();
        assert!(list().contains(r#""url": "models/alexnet-owt-7be5be79.pth""#));
        for one in PUBLISHED_MODELS {
            let start = one.file.rsplit_once('-').unwrap().1.split_once('.').unwrap().0;
            assert!(one.sha256.starts_with(start), "{}'s name carries its hash", one.file);
        }
    }
}
