//! CIFAR-10: the official archive, for machines with a network.

use std::fs::{self, File};
use std::io::{Read, Write};

use anyhow::{Context, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};

use crate::catalog;
use crate::files::root;
use crate::stage::stage;
use crate::stamp::hex;

/// The set's id, and its folder's name among the site's data.
pub const ID: &str = "cifar-10";
/// The archive's name.
pub const ARCHIVE: &str = "cifar-10-binary.tar.gz";

const URL: &str = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz";
const SHA256: &str = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd";

/// Downloads the archive to where the page finds it, unless it is there.
pub fn download() -> Result<()> {
    stage("CIFAR-10", || {
        let folder = root("web/public/data").join(ID);
        let whole = folder.join(ARCHIVE);
        if whole.exists() {
            catalog::write()?;
            return Ok("there already".into());
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let part = folder.join(format!("{ARCHIVE}.part"));
        let fetched = fetch(&mut File::create(&part).context("cannot write the archive")?);
        let kept = match fetched {
            Ok(hash) if hash == SHA256 => fs::rename(&part, &whole).context("cannot keep the archive"),
            Ok(hash) => Err(anyhow::anyhow!(
                "what {URL} sends is not the official archive (SHA-256 {hash}): try again later"
            )),
            Err(error) => Err(error),
        };
        if kept.is_err() {
            fs::remove_file(&part).ok();
        }
        kept?;
        catalog::write()?;
        Ok("downloaded; the page offers it from the next `cargo xtask serve` on".into())
    })
}

/// Copies the download to `to` and returns its hash.
fn fetch(to: &mut impl Write) -> Result<String> {
    let unreachable = || {
        format!(
            "cannot download {URL}: check the network, or bring the archive to the page as a file instead"
        )
    };
    let mut answer = ureq::get(URL).call().with_context(unreachable)?;
    let bytes = answer.body().content_length();
    let style = ProgressStyle::with_template("{wide_bar} {bytes} of {total_bytes}, {eta} left");
    let bar = bytes.map_or_else(ProgressBar::no_length, ProgressBar::new);
    let bar = bar.with_style(style.context("cannot show progress")?);
    let mut body = bar.wrap_read(answer.body_mut().as_reader());
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
