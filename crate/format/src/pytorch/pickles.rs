//! Reads PyTorch's legacy format (0.1.10 to 1.5) in place: five pickles, then the storages, each after its number of
//! values. The fourth pickle is the saved object, the fifth lists the storages.

use std::ops::Range;

use alexnet_protocol::messages::{FileDamage, FormatError};
use pytorch_reader::OpCode;

use crate::read::{ReadAt, allocate, read_exact_at};

/// Bytes per read in search of the end of a pickle.
const PIECE: usize = 1 << 16;

/// Largest size of the pickles in bytes: AlexNet's take a few thousand, its optimiser's state as many again. The reader
/// needs about a hundred bytes for a value, and a value can be one byte.
pub const PICKLE: u64 = 4 << 20;

/// The parts of a legacy file.
#[derive(Debug)]
pub struct Stream {
    /// Magic number, version and machine: three pickles.
    pub preamble: Vec<u8>,
    /// The range of the saved object's pickle.
    pub saved: Range<u64>,
    /// The keys of the storages, in the order of the file.
    pub keys: Vec<String>,
    /// Offset of the first storage.
    pub start: u64,
}

impl Stream {
    /// Finds the pickles; `None` if the file is too short or is something else.
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

/// Called for each opcode, with all bytes so far and the range of its argument, without the length prefix.
pub type Each<'a> = dyn FnMut(OpCode, &[u8], Range<usize>) + 'a;

/// The pickles at the beginning of a file, read as far as needed.
pub struct Pickles<'a> {
    file: &'a dyn ReadAt,
    bytes: Vec<u8>,
    at: usize,
}

impl<'a> Pickles<'a> {
    /// Starts at the beginning of a file.
    pub fn new(file: &'a dyn ReadAt) -> Self {
        Self { file, bytes: Vec::new(), at: 0 }
    }

    /// Passes the opcodes of the next pickle on without running them; `None` if the pickle is incomplete.
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
                // Unknown opcodes, and those for buffers outside of the pickle: torch.save writes neither.
                _ => return Option::None,
            };
            each(op, &self.bytes, argument);
            if op == Stop {
                return Some(());
            }
        }
    }

    /// Checks that the pickles were not larger than those of any network.
    ///
    /// # Errors
    /// They were larger.
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

    /// Bytes after their length, which takes `width` bytes.
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

    /// Reads more; `None` at the end of the file, and when the pickles become too large.
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
        // After them comes the first storage: its number of values in eight bytes.
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
