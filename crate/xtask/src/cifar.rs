//! Downloads CIFAR-10's official archive.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};

use crate::files::root;
use crate::stage::stage;
use crate::stamp::hex;

/// The data set's id, which is also its folder among the site's data.
pub const ID: &str = "cifar-10";
/// The archive's name.
pub const ARCHIVE: &str = "cifar-10-binary.tar.gz";

const URL: &str = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz";
const SHA256: &str = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd";

/// Downloads the archive to where the page finds it, unless it is there.
pub fn download() -> Result<()> {
    stage("CIFAR-10", || {
        let outcome = match download_to(URL, SHA256, &root("web/public/data").join(ID))? {
            true => "downloaded; the page offers it from the next `cargo xtask serve` on",
            false => "there already",
        };
        Ok(outcome.into())
    })
}

/// Downloads `url` into `folder` and checks its hash. `false` if the archive is there already.
fn download_to(url: &str, sha256: &str, folder: &Path) -> Result<bool> {
    let complete = folder.join(ARCHIVE);
    if complete.exists() {
        return Ok(false);
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let partial = folder.join(format!("{ARCHIVE}.part"));
    let fetched = fetch(url, &mut File::create(&partial).context("cannot write the archive")?);
    let kept = fetched.and_then(|hash| {
        ensure!(
            hash == sha256,
            "what {url} sends is not the official archive (SHA-256 {hash}): try again later"
        );
        fs::rename(&partial, &complete).context("cannot keep the archive")
    });
    if kept.is_err() {
        fs::remove_file(&partial).ok();
    }
    kept.map(|()| true)
}

/// Copies the download to `to` and returns its hash.
fn fetch(url: &str, to: &mut impl Write) -> Result<String> {
    let unreachable = || {
        format!(
            "cannot download {url}: check the network, or bring the archive to the page as a file instead"
        )
    };
    let mut response = ureq::get(url).call().with_context(unreachable)?;
    let bytes = response.body().content_length();
    let style = ProgressStyle::with_template("{wide_bar} {bytes} of {total_bytes}, {eta} left");
    let bar = bytes.map_or_else(ProgressBar::no_length, ProgressBar::new);
    let bar = bar.with_style(style.context("cannot show progress")?);
    let mut body = bar.wrap_read(response.body_mut().as_reader());
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut total = 0;
    loop {
        let count = body.read(&mut buffer).with_context(unreachable)?;
        if count == 0 {
            break;
        }
        let chunk = buffer.get(..count).unwrap_or_default();
        hash.update(chunk);
        to.write_all(chunk).context("cannot write the archive")?;
        total += count as u64;
    }
    bar.finish_and_clear();
    ensure!(bytes.is_none_or(|expected| expected == total), "the download broke off after {total} bytes");
    Ok(hex(&hash.finalize()))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;
    use std::thread;

    use super::*;
    use crate::files::TempFolder;

    /// A server that sends one fixed response.
    fn fixed_response_server(response: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/{ARCHIVE}", listener.local_addr().unwrap());
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let asked = BufReader::new(stream.try_clone().unwrap()).lines();
            asked.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
            stream.write_all(response).unwrap();
        });
        url
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    const ARCHIVE_RESPONSE: &[u8] =
        b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: close\r\n\r\narchive";

    #[test]
    fn valid_archive_is_kept_and_not_downloaded_again() {
        let scratch = TempFolder::new("cifar-right");
        let folder = scratch.path().join("cifar-10");
        let sha256 = hex(&Sha256::digest(b"archive"));
        assert!(download_to(&fixed_response_server(ARCHIVE_RESPONSE), &sha256, &folder).unwrap());
        assert_eq!(fs::read(folder.join(ARCHIVE)).unwrap(), b"archive");
        assert_eq!(names(&folder), [ARCHIVE]);
        assert!(!download_to("http://127.0.0.1:1/", &sha256, &folder).unwrap(), "it is there already");
    }

    #[test]
    fn failed_downloads_give_one_error_and_leave_no_files() {
        let scratch = TempFolder::new("cifar-wrong");
        let short = b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: close\r\n\r\narc";
        let missing = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        for (url, words) in [
            (fixed_response_server(ARCHIVE_RESPONSE), "is not the official archive (SHA-256 "),
            (fixed_response_server(short), "cannot download http://127.0.0.1:"),
            (fixed_response_server(missing), "cannot download http://127.0.0.1:"),
            ("http://127.0.0.1:1/".into(), "check the network, or bring the archive to the page as a file"),
        ] {
            let sentence = download_to(&url, SHA256, scratch.path()).unwrap_err().to_string();
            assert!(sentence.contains(words), "{sentence}");
            assert_eq!(names(scratch.path()), [""; 0], "{sentence}");
        }
    }
}
