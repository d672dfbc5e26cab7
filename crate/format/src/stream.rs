//! PyTorch's legacy stream (0.1.10 to 1.5), taken apart where it lies: five pickles, of which the fourth is what was
//! saved and the last lists the storages, then the storages, each behind its count of numbers.

use std::ops::Range;

use pytorch_reader::OpCode;

use crate::archive::MOST;
use crate::container::{fill, room};
use crate::file::ReadAt;

/// Bytes fetched at once to look for the end of a pickle.
const PIECE: usize = 1 << 16;

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
        let mut head = Head { file, bytes: Vec::new(), at: 0 };
        for _ in 0..3 {
            head.pickle(|_| ())?;
        }
        let preamble = head.bytes.get(..head.at)?.to_vec();
        let from = head.at as u64;
        head.pickle(|_| ())?;
        let saved = from..head.at as u64;
        let mut keys = Vec::new();
        head.pickle(|key| keys.push(std::str::from_utf8(key).map(str::to_owned)))?;
        Some(Self {
            preamble,
            saved,
            keys: keys.into_iter().collect::<Result<_, _>>().ok()?,
            start: head.at as u64,
        })
    }
}

/// The beginning of a file, as much of it as was wanted so far.
struct Head<'a> {
    file: &'a dyn ReadAt,
    bytes: Vec<u8>,
    at: usize,
}

impl Head<'_> {
    /// Goes over the opcodes of a pickle, doing nothing that they say, and hands its strings on.
    ///
    /// Arguments are as Python's `pickletools` describes them.
    fn pickle(&mut self, mut string: impl FnMut(&[u8])) -> Option<()> {
        use OpCode::*;
        loop {
            let op = OpCode::try_from(*self.take(1)?.first()?).ok()?;
            match op {
                Stop => return Some(()),
                BinInt1 | BinGet | BinPut | Proto | Ext1 => drop(self.take(1)?),
                BinInt2 | Ext2 => drop(self.take(2)?),
                BinInt | LongBinGet | LongBinPut | Ext4 => drop(self.take(4)?),
                // A frame's bytes are opcodes.
                BinFloat | Frame => drop(self.take(8)?),
                ShortBinString | ShortBinUnicode => string(self.counted(1)?),
                BinString | BinUnicode => string(self.counted(4)?),
                BinUnicode8 => string(self.counted(8)?),
                Long1 | ShortBinBytes => drop(self.counted(1)?),
                Long4 | BinBytes => drop(self.counted(4)?),
                BinBytes8 | ByteArray8 => drop(self.counted(8)?),
                Unicode => string(self.line()?),
                Int | Long | Float | Get | Put | PersId => drop(self.line()?),
                // A module's line and a name's.
                Global => {
                    self.line()?;
                    self.line()?;
                }
                Mark | Pop | PopMark | Dup | None | Reduce | Build | Dict | List | Tuple | SetItem
                | Append | EmptyTuple | EmptyList | EmptyDict | Appends | SetItems | BinPersId | NewObj
                | Tuple1 | Tuple2 | Tuple3 | NewTrue | NewFalse | EmptySet | AddItems | FrozenSet
                | NewObjEx | StackGlobal | Memoize => {}
                // What hands buffers in from outside the pickle, or is not known, is in no file of torch.save's.
                _ => return Option::None,
            }
        }
    }

    /// The next bytes.
    fn take(&mut self, count: usize) -> Option<&[u8]> {
        let end = self.at.checked_add(count)?;
        while self.bytes.len() < end {
            self.fetch()?;
        }
        let taken = self.bytes.get(self.at..end);
        self.at = end;
        taken
    }

    /// Bytes behind their count, which takes `width` bytes itself.
    fn counted(&mut self, width: usize) -> Option<&[u8]> {
        let mut count = [0; 8];
        count.get_mut(..width)?.copy_from_slice(self.take(width)?);
        self.take(usize::try_from(u64::from_le_bytes(count)).ok()?)
    }

    /// The rest of a line, without its end.
    fn line(&mut self) -> Option<&[u8]> {
        let start = self.at;
        loop {
            let seen = self.bytes.get(self.at..)?;
            if let Some(length) = seen.iter().position(|&byte| byte == b'\n') {
                let line = self.at..self.at + length;
                self.at = line.end + 1;
                return self.bytes.get(start..line.end);
            }
            self.at = self.bytes.len();
            self.fetch()?;
        }
    }

    /// Reads on; none at the file's end, and where pickles would be larger than they can be.
    fn fetch(&mut self) -> Option<()> {
        let have = self.bytes.len() as u64;
        let more = self.file.size().saturating_sub(have).min(PIECE as u64);
        if more == 0 || have >= MOST {
            return None;
        }
        let mut piece = room(more).ok()?;
        fill(self.file, have, &mut piece).ok()?;
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
