//! PyTorch's legacy stream (0.1.10 to 1.5), taken apart where it lies: five pickles, of which the fourth is what was
//! saved and the last lists the storages, then the storages, each behind its count of numbers.

use std::ops::Range;

use alexnet_protocol::messages::{FileDamage, FormatError};
use pytorch_reader::OpCode;

use crate::read::{ReadAt, allocate, read_exact_at};

/// Bytes fetched at once to look for the end of a pickle.
const PIECE: usize = 1 << 16;

/// Bytes of pickles that are read at most: AlexNet's take a few thousand, its optimiser's state as many again. What
/// reads them keeps a hundred bytes for a value, and a value can be a byte.
pub const PICKLE: u64 = 4 << 20;

/// The parts of a stream.
#[derive(Debug)]
pub struct Stream {
    /// What says that it is one, and of which machine: three pickles.
    pub preamble: Vec<u8>,
    /// Where the pickle of what was saved lies.
    pub saved: Range<u64>,
    /// The storages' keys, in the order in which they lie.
    pub keys: Vec<String>,
    /// Where the first storage begins.
    pub start: u64,
}

impl Stream {
    /// Finds the pickles; none where the file is too short for them, or is something else.
    pub fn find(file: &dyn ReadAt) -> Option<Self> {
        let mut pickles = Pickles::new(file);
        for _ in 0..3 {
            pickles.next(&mut |_, _, _| ())?;
        }
        let preamble = pickles.bytes.get(..pickles.at)?.to_vec();
        let from = pickles.at as u64;
        pickles.next(&mut |_, _, _| ())?;
        let saved = from..pickles.at as u64;
        let mut keys = Vec::new();
        pickles.next(&mut |op, bytes, argument| {
            use OpCode::*;
            if let ShortBinString | BinString | ShortBinUnicode | BinUnicode | BinUnicode8 | Unicode = op {
                keys.push(std::str::from_utf8(bytes.get(argument).unwrap_or_default()).map(str::to_owned));
            }
        })?;
        Some(Self {
            preamble,
            saved,
            keys: keys.into_iter().collect::<Result<_, _>>().ok()?,
            start: pickles.at as u64,
        })
    }
}

/// What opcodes are handed to: each with all bytes so far and the place of its argument among them, without its length.
pub type Each<'a> = dyn FnMut(OpCode, &[u8], Range<usize>) + 'a;

/// Pickles one after another at the beginning of a file, as much of it as was wanted so far.
pub struct Pickles<'a> {
    file: &'a dyn ReadAt,
    bytes: Vec<u8>,
    at: usize,
}

impl<'a> Pickles<'a> {
    /// None of which has been read.
    pub fn new(file: &'a dyn ReadAt) -> Self {
        Self { file, bytes: Vec::new(), at: 0 }
    }

    /// Goes over the opcodes of the next pickle, doing nothing that they say, and hands them on; none where it is no
    /// whole pickle.
    ///
    /// Arguments are as Python's `pickletools` describes them.
    pub fn next(&mut self, each: &mut Each<'_>) -> Option<()> {
        use OpCode::*;
        loop {
            let code = self.take(1)?;
            let op = OpCode::try_from(*self.bytes.get(code)?.first()?).ok()?;
            let argument = match op {
                BinInt1 | BinGet | BinPut | Proto | Ext1 => self.take(1)?,
                BinInt2 | Ext2 => self.take(2)?,
                BinInt | LongBinGet | LongBinPut | Ext4 => self.take(4)?,
                // A frame's bytes are opcodes.
                BinFloat | Frame => self.take(8)?,
                ShortBinString | ShortBinUnicode | Long1 | ShortBinBytes => self.counted(1)?,
                BinString | BinUnicode | Long4 | BinBytes => self.counted(4)?,
                BinUnicode8 | BinBytes8 | ByteArray8 => self.counted(8)?,
                Unicode | Int | Long | Float | Get | Put | PersId => self.line()?,
                // A module's line and a name's.
                Global => self.line()?.start..self.line()?.end,
                Mark | Pop | PopMark | Dup | None | Reduce | Build | Dict | List | Tuple | SetItem
                | Append | EmptyTuple | EmptyList | EmptyDict | Appends | SetItems | BinPersId | NewObj
                | Tuple1 | Tuple2 | Tuple3 | NewTrue | NewFalse | EmptySet | AddItems | FrozenSet
                | NewObjEx | StackGlobal | Memoize | Stop => self.at..self.at,
                // What hands buffers in from outside the pickle, or is not known, is in no file of torch.save's.
                _ => return Option::None,
            };
            each(op, &self.bytes, argument);
            if op == Stop {
                return Some(());
            }
        }
    }

    /// Whether the pickles ended before they were larger than those of any network.
    ///
    /// # Errors
    /// A sentence when they did not.
    pub fn fits(&self) -> Result<(), FormatError> {
        match (self.bytes.len() as u64) < PICKLE {
            true => Ok(()),
            false => Err(FormatError::Damaged { reason: FileDamage::PickleSize }),
        }
    }

    /// The next bytes.
    fn take(&mut self, count: usize) -> Option<Range<usize>> {
        let end = self.at.checked_add(count)?;
        while self.bytes.len() < end {
            self.fetch()?;
        }
        Some(std::mem::replace(&mut self.at, end)..end)
    }

    /// Bytes behind their count, which takes `width` bytes itself.
    fn counted(&mut self, width: usize) -> Option<Range<usize>> {
        let place = self.take(width)?;
        let mut count = [0; 8];
        count.get_mut(..width)?.copy_from_slice(self.bytes.get(place)?);
        self.take(usize::try_from(u64::from_le_bytes(count)).ok()?)
    }

    /// The rest of a line, without its end.
    fn line(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        loop {
            let seen = self.bytes.get(self.at..)?;
            if let Some(length) = seen.iter().position(|&byte| byte == b'\n') {
                let end = self.at + length;
                self.at = end + 1;
                return Some(start..end);
            }
            self.at = self.bytes.len();
            self.fetch()?;
        }
    }

    /// Reads on; none at the file's end, and where pickles would be larger than they can be.
    fn fetch(&mut self) -> Option<()> {
        let have = self.bytes.len() as u64;
        let more = self.file.size().min(PICKLE).saturating_sub(have).min(PIECE as u64);
        if more == 0 {
            return None;
        }
        let mut piece = allocate(more).ok()?;
        read_exact_at(self.file, have, &mut piece).ok()?;
        self.bytes.append(&mut piece);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_stream() {
        let path =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/pth/legacy.pth");
        let bytes = std::fs::read(path).unwrap();
        let stream = Stream::find(&bytes.as_slice()).unwrap();
        assert_eq!(stream.keys.len(), 16);
        let saved = &bytes[stream.saved.start as usize..stream.saved.end as usize];
        assert!(saved.starts_with(b"\x80\x02") && saved.ends_with(b"."));
        // Behind them lies the first storage: its count, as eight bytes.
        let start = stream.start as usize;
        let count = u64::from_le_bytes(*bytes[start..].first_chunk().unwrap());
        assert!((1..1000).contains(&count), "{count}");
    }

    #[test]
    fn a_hostile_count_is_not_believed() {
        for pickle in [
            &b"\x80\x02X\xff\xff\xff\x7fabc."[..],
            b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xffa.",
            b"\x80\x02",
        ] {
            assert!(Stream::find(&pickle).is_none());
        }
    }
}
