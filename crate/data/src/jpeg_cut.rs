//! How far a JPEG file goes that is cut off.
//!
//! Decoders either refuse such a file or fill the rest with what zeros decode to. Here the codes of the data are read
//! without decoding them (ITU-T T.81, F.2.2), which tells how many rows of blocks are whole; the file is shortened to
//! these. Of a progressive file, the scans that are whole are kept.

/// A file that ends where its last whole part does.
pub(crate) struct Cut {
    /// The file, with an end-of-image marker.
    pub bytes: Vec<u8>,
    /// Rows of pixels in it.
    pub rows: u32,
}

/// A segment that starts with a marker: its kind, where it starts, and its content.
struct Segment<'a> {
    marker: u8,
    at: usize,
    content: &'a [u8],
}

/// The segments up to the end of the file, those between scans too.
struct Segments<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        loop {
            let at = self.at;
            match (self.bytes.get(at)?, self.bytes.get(at + 1)?) {
                (0xff, 0xff) => self.at += 1,
                (0xff, 0xd9) => {
                    self.at += 2;
                    return Some(Segment { marker: 0xd9, at, content: &[] });
                }
                (0xff, 0x00 | 0x01 | 0xd0..=0xd8) => self.at += 2,
                (0xff, &marker) => {
                    let length = self.bytes.get(at + 2..at + 4)?.first_chunk::<2>()?;
                    let end = at + 2 + usize::from(u16::from_be_bytes(*length)).max(2);
                    let content = self.bytes.get(at + 4..end)?;
                    self.at = end;
                    return Some(Segment { marker, at, content });
                }
                // Only markers may stand between segments; some encoders leave stray bytes, which decoders skip.
                _ => self.at += 1,
            }
        }
    }
}

fn segments(bytes: &[u8]) -> Segments<'_> {
    Segments { bytes, at: 2 }
}

/// Whether a JPEG has a scan and ends with its end-of-image marker.
pub(crate) fn is_whole(bytes: &[u8]) -> bool {
    let mut in_scan = false;
    for segment in segments(bytes) {
        match segment.marker {
            0xda => in_scan = true,
            0xd9 => return in_scan,
            _ => {}
        }
    }
    false
}

/// Shortens a file that is cut off. `None` where nothing can be kept, or for a method that is not read.
pub(crate) fn shorten(bytes: &[u8]) -> Option<Cut> {
    let frame = segments(bytes).find(|s| matches!(s.marker, 0xc0..=0xc2))?;
    let height = u32::from(u16::from_be_bytes(*frame.content.get(1..3)?.first_chunk()?));
    if frame.marker == 0xc2 {
        return whole_scans(bytes, height);
    }
    let (mut tables, mut interval) = (Tables::default(), 0);
    for segment in segments(bytes) {
        match segment.marker {
            0xc4 => tables.add(segment.content)?,
            0xdd => interval = usize::from(u16::from_be_bytes(*segment.content.first_chunk()?)),
            0xda => {
                let scan = Scan::new(frame.content, segment.content)?;
                let start = segment.at + 4 + segment.content.len();
                let (rows, end) = scan.whole_rows(bytes.get(start..)?, &tables, interval)?;
                let rows = (rows as u32 * scan.block_rows * 8).min(height);
                let mut kept = bytes.get(..start + end)?.to_vec();
                // The height stands after marker, length and precision.
                kept.get_mut(frame.at + 5..frame.at + 7)?.copy_from_slice(&(rows as u16).to_be_bytes());
                kept.extend([0xff, 0xd9]);
                return (rows > 0).then_some(Cut { bytes: kept, rows });
            }
            _ => {}
        }
    }
    None
}

/// A progressive file without its last scan, which is not whole. Its first scan has a rough image of all components.
fn whole_scans(bytes: &[u8], rows: u32) -> Option<Cut> {
    let scans: Vec<usize> = segments(bytes).filter(|s| s.marker == 0xda).map(|s| s.at).collect();
    let last = match scans.as_slice() {
        [] | [_] => return None,
        [.., last] => *last,
    };
    let mut kept = bytes.get(..last)?.to_vec();
    kept.extend([0xff, 0xd9]);
    Some(Cut { bytes: kept, rows })
}

/// A Huffman table: for each length of 1 to 16 bits, the first code, the number of codes, the place of their values.
#[derive(Default, Clone)]
struct Table {
    lengths: [(u32, u32, usize); 16],
    values: Vec<u8>,
}

#[derive(Default)]
struct Tables {
    /// Of DC, then of AC.
    tables: [[Table; 4]; 2],
}

impl Tables {
    fn add(&mut self, mut content: &[u8]) -> Option<()> {
        while let Some((head, rest)) = content.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>()?;
            let total = counts.iter().map(|&count| usize::from(count)).sum();
            let mut table = Table { values: rest.get(..total)?.to_vec(), ..Table::default() };
            let (mut code, mut place) = (0, 0);
            for (length, &count) in table.lengths.iter_mut().zip(counts) {
                *length = (code, u32::from(count), place);
                code = (code + u32::from(count)) << 1;
                place += usize::from(count);
            }
            *self.tables.get_mut(usize::from(head >> 4))?.get_mut(usize::from(head & 15))? = table;
            content = rest.get(total..)?;
        }
        Some(())
    }
}

/// A scan that holds all components of a baseline image, as nearly all have.
struct Scan {
    /// Minimum coded units in a row, and rows of them.
    units: (usize, usize),
    /// Rows of blocks in a unit.
    block_rows: u32,
    /// For each block of a unit, its DC and AC table.
    blocks: Vec<(usize, usize)>,
}

impl Scan {
    fn new(frame: &[u8], scan: &[u8]) -> Option<Self> {
        let size = |at: usize| Some(usize::from(u16::from_be_bytes(*frame.get(at..at + 2)?.first_chunk()?)));
        let (height, width) = (size(1)?, size(3)?);
        let components = frame.get(6..)?.as_chunks::<3>().0;
        let count = usize::from(*scan.first()?);
        if count != components.len() {
            return None;
        }
        let alone = count == 1;
        let most = |shift: u8| components.iter().map(|c| usize::from(c[1] >> shift & 15)).max();
        let (across, down) = if alone { (1, 1) } else { (most(4)?, most(0)?) };
        let mut blocks = Vec::new();
        for [id, tables] in scan.get(1..)?.as_chunks::<2>().0.iter().take(count) {
            let [_, sampling, _] = components.iter().find(|c| c[0] == *id)?;
            let each = if alone { 1 } else { usize::from(sampling >> 4) * usize::from(sampling & 15) };
            blocks.extend(vec![(usize::from(tables >> 4), usize::from(tables & 15)); each]);
        }
        if across == 0 || down == 0 {
            return None;
        }
        let units = (width.div_ceil(8 * across), height.div_ceil(8 * down));
        Some(Self { units, block_rows: down as u32, blocks })
    }

    /// Rows of units that are whole, and the bytes that they take.
    fn whole_rows(&self, data: &[u8], tables: &Tables, interval: usize) -> Option<(usize, usize)> {
        let (across, down) = self.units;
        let mut bits = Bits { data, at: 0, buffer: 0, count: 0 };
        let mut until_restart = interval;
        let mut end = 0;
        for row in 0..down {
            for _ in 0..across {
                if interval > 0 && until_restart == 0 {
                    if bits.restart().is_none() {
                        return Some((row, end));
                    }
                    until_restart = interval;
                }
                until_restart = until_restart.saturating_sub(1);
                for &(dc, ac) in &self.blocks {
                    if bits.skip_block(tables.tables[0].get(dc)?, tables.tables[1].get(ac)?).is_none() {
                        return Some((row, end));
                    }
                }
            }
            end = bits.at;
        }
        Some((down, end))
    }
}

/// The bits of a scan's data.
struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    buffer: u32,
    count: u32,
}

impl Bits<'_> {
    /// The next bit; `None` at a marker or the end.
    fn bit(&mut self) -> Option<u32> {
        if self.count == 0 {
            let byte = *self.data.get(self.at)?;
            if byte == 0xff && *self.data.get(self.at + 1)? != 0 {
                return None;
            }
            self.at += 1 + usize::from(byte == 0xff);
            (self.buffer, self.count) = (u32::from(byte), 8);
        }
        self.count -= 1;
        Some(self.buffer >> self.count & 1)
    }

    fn skip(&mut self, bits: u8) -> Option<()> {
        (0..bits).try_for_each(|_| self.bit().map(|_| ()))
    }

    fn symbol(&mut self, table: &Table) -> Option<u8> {
        let mut code = 0;
        for &(first, count, place) in &table.lengths {
            code = code << 1 | self.bit()?;
            if code < first + count {
                return table.values.get(place + code.checked_sub(first)? as usize).copied();
            }
        }
        None
    }

    /// Reads over a block: the difference of its DC coefficient, then runs of zeros with a coefficient each.
    fn skip_block(&mut self, dc: &Table, ac: &Table) -> Option<()> {
        let size = self.symbol(dc)?;
        self.skip(size)?;
        let mut coefficient = 1;
        while coefficient < 64 {
            let symbol = self.symbol(ac)?;
            let (run, size) = (symbol >> 4, symbol & 15);
            match (run, size) {
                (15, 0) => coefficient += 16,
                (_, 0) => break,
                _ => {
                    self.skip(size)?;
                    coefficient += usize::from(run) + 1;
                }
            }
        }
        Some(())
    }

    /// Goes past a restart marker.
    fn restart(&mut self) -> Option<()> {
        self.count = 0;
        let [0xff, 0xd0..=0xd7] = self.data.get(self.at..self.at + 2)? else { return None };
        self.at += 2;
        Some(())
    }
}
