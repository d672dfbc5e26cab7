//! Checks the functions that a pickle asks to call.
//!
//! A pickle builds its values by calling functions by name. Nothing is ever called here: the reader knows the few
//! functions that make tensors and skips all others. Training scripts store more than weights: options, scalars, paths,
//! dates. Those are made by the functions of [`HARMLESS`], or are objects of a class with attributes only; both are
//! skipped without an error. A call of anything else (`os.system`) does not describe weights, so the file is refused and
//! the error names the function.

use std::collections::HashMap;
use std::ops::Range;

use alexnet_protocol::messages::FormatError;
use pytorch_reader::OpCode;

use super::pickles::Pickles;
use crate::printable::printable;
use crate::read::ReadAt;

/// Functions that make plain values, under their names in all versions of Python and PyTorch.
const HARMLESS: &[&str] = &[
    "collections.OrderedDict",
    "collections.defaultdict",
    "collections.Counter",
    "collections.deque",
    "builtins.set",
    "builtins.frozenset",
    "builtins.list",
    "builtins.dict",
    "builtins.tuple",
    "builtins.bytearray",
    "builtins.complex",
    "builtins.slice",
    "builtins.range",
    "__builtin__.set",
    "__builtin__.frozenset",
    "__builtin__.bytearray",
    "__builtin__.complex",
    "__builtin__.slice",
    "__builtin__.xrange",
    "copyreg._reconstructor",
    "copy_reg._reconstructor",
    "_codecs.encode",
    "torch.Size",
    "torch.device",
    "torch._tensor._rebuild_from_type_v2",
    "torch.serialization._get_layout",
    "numpy.core.multiarray.scalar",
    "numpy.core.multiarray._reconstruct",
    "numpy.core.numeric._frombuffer",
    "numpy._core.multiarray.scalar",
    "numpy._core.multiarray._reconstruct",
    "numpy._core.numeric._frombuffer",
    "numpy.dtype",
    "numpy.ndarray",
    "argparse.Namespace",
    "types.SimpleNamespace",
    "pathlib.PosixPath",
    "pathlib.PurePosixPath",
    "pathlib.WindowsPath",
    "pathlib.PureWindowsPath",
    "pathlib._local.PosixPath",
    "pathlib._local.WindowsPath",
    "datetime.date",
    "datetime.datetime",
    "datetime.timedelta",
    "datetime.timezone",
    "decimal.Decimal",
];

/// Prefix of PyTorch's functions that make tensors.
const REBUILD: &str = "torch._utils._rebuild_";

/// Number of pickles at the beginning of a legacy file.
const PICKLES: usize = 5;

/// Checks the calls of the pickles at the beginning of a file: one in a ZIP archive's `data.pkl`, five in a legacy file.
/// Other errors are left to the reader of the pickles.
///
/// # Errors
/// Names the function, or says that the pickles are larger than those of any network.
pub fn check(file: &dyn ReadAt) -> Result<(), FormatError> {
    let mut pickles = Pickles::new(file);
    let mut machine = Machine::default();
    for _ in 0..PICKLES {
        let whole = pickles.next(&mut |op, bytes, argument| machine.step(op, bytes, argument));
        if let Some(name) = machine.called.take() {
            return Err(match name.is_empty() {
                true => FormatError::UnnamedCall,
                false => FormatError::Call { name },
            });
        }
        if whole.is_none() {
            break;
        }
        machine = Machine::default();
    }
    pickles.fits()
}

/// A value on a pickle's stack, as far as calls need it. Texts are ranges in the pickle.
#[derive(Clone, Default)]
enum Item {
    #[default]
    Other,
    Mark,
    Text(Range<usize>),
    /// A function's or a class's module and name.
    Name(Range<usize>, Range<usize>),
}

/// Python's pickle machine, whose values are only names.
#[derive(Default)]
struct Machine {
    stack: Vec<Item>,
    /// By number; the pickle chooses the numbers.
    memo: HashMap<usize, Item>,
    /// The first function called that is not harmless.
    called: Option<String>,
}

impl Machine {
    fn step(&mut self, op: OpCode, bytes: &[u8], argument: Range<usize>) {
        use OpCode::*;
        match op {
            Mark => self.stack.push(Item::Mark),
            PopMark => self.pop_to_mark(),
            Dup => self.stack.extend(self.stack.last().cloned()),
            ShortBinString | BinString | ShortBinUnicode | BinUnicode | BinUnicode8 | Unicode => {
                self.stack.push(Item::Text(argument));
            }
            Global => {
                let line = bytes.get(argument.clone()).unwrap_or_default();
                let end = argument.start + line.iter().position(|&byte| byte == b'\n').unwrap_or_default();
                self.stack.push(Item::Name(argument.start..end, end + 1..argument.end));
            }
            StackGlobal => {
                let name = match (self.pop(), self.pop()) {
                    (Item::Text(name), Item::Text(module)) => Item::Name(module, name),
                    _ => Item::Other,
                };
                self.stack.push(name);
            }
            Put | BinPut | LongBinPut => {
                let index = number(op == Put, bytes.get(argument));
                let top = self.stack.last().cloned().unwrap_or_default();
                self.memo.extend(index.map(|index| (index, top)));
            }
            Memoize => {
                let top = self.stack.last().cloned().unwrap_or_default();
                self.memo.insert(self.memo.len(), top);
            }
            Get | BinGet | LongBinGet => {
                let index = number(op == Get, bytes.get(argument));
                let kept = index.and_then(|index| self.memo.get(&index)).cloned();
                self.stack.push(kept.unwrap_or_default());
            }
            Reduce => {
                self.pop();
                let function = self.pop();
                self.call(bytes, function);
                self.stack.push(Item::Other);
            }
            Dict | List | Tuple | FrozenSet => {
                self.pop_to_mark();
                self.stack.push(Item::Other);
            }
            Appends | SetItems | AddItems => self.pop_to_mark(),
            // The container that they were added to stays on the stack.
            Pop | Append | Build => drop(self.pop()),
            SetItem => self.replace(2, false),
            BinPersId | Tuple1 => self.replace(1, true),
            NewObj | Tuple2 => self.replace(2, true),
            NewObjEx | Tuple3 => self.replace(3, true),
            Proto | Frame | Stop => {}
            // Plain values.
            _ => self.stack.push(Item::Other),
        }
    }

    fn pop(&mut self) -> Item {
        self.stack.pop().unwrap_or_default()
    }

    fn pop_to_mark(&mut self) {
        while !matches!(self.stack.pop(), Some(Item::Mark) | None) {}
    }

    /// Replaces values on the stack by the one that they make.
    fn replace(&mut self, taken: usize, made: bool) {
        self.stack.truncate(self.stack.len().saturating_sub(taken));
        if made {
            self.stack.push(Item::Other);
        }
    }

    fn call(&mut self, bytes: &[u8], function: Item) {
        let text = |place: Range<usize>| {
            String::from_utf8_lossy(bytes.get(place).unwrap_or_default()).trim_end_matches('\r').to_owned()
        };
        let name = match function {
            Item::Name(module, name) => [text(module), text(name)].join("."),
            _ => String::new(),
        };
        if !HARMLESS.contains(&name.as_str()) && !name.starts_with(REBUILD) {
            self.called.get_or_insert_with(|| printable(&name));
        }
    }
}

/// A number as an argument: decimal digits, or little-endian bytes.
fn number(digits: bool, argument: Option<&[u8]>) -> Option<usize> {
    let argument = argument?;
    if digits {
        return std::str::from_utf8(argument).ok()?.trim_end().parse().ok();
    }
    let mut bytes = [0; 4];
    bytes.get_mut(..argument.len())?.copy_from_slice(argument);
    usize::try_from(u32::from_le_bytes(bytes)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(pickle: &[u8]) -> Option<String> {
        match check(&pickle) {
            Err(FormatError::Call { name }) => Some(name),
            Err(FormatError::UnnamedCall) => Some("a function without a name".into()),
            other => other.map(|()| None).unwrap(),
        }
    }

    #[test]
    fn a_call_is_found_however_it_is_spelt() {
        for pickle in [
            &b"\x80\x02cos\nsystem\nX\x02\0\0\0ls\x85R."[..],
            // Protocol 4: names from the memo, in reverse order and twice.
            b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94\x93\x8c\x02ls\x85R.",
            b"\x80\x04\x8c\x06system\x94\x8c\x02os\x94h\x01h\x00\x93\x8c\x02ls\x85R.",
            b"\x80\x04\x8c\x02os2\x8c\x06system\x93)R.",
            // Stored in the memo and fetched later, by number and by line; after marks and containers.
            b"\x80\x02cos\nsystem\nq\x070}(X\x01\0\0\0ah\x07)Ru.",
            b"(cos\nsystem\np3\nt0g3\n(tR.",
            b"\x80\x02]((K\x01N\x88tcos\nsystem\n)Re.",
            // A memo number larger than any real pickle's.
            b"\x80\x02cos\nsystem\nr\xff\xff\xff\x7f0j\xff\xff\xff\x7f)R.",
            // In the second pickle of a stream.
            b"\x80\x02N.\x80\x02cos\nsystem\n)R.",
            // The pickle is cut off after the call.
            b"\x80\x02cos\nsystem\n)RX\xff",
        ] {
            assert_eq!(called(pickle).as_deref(), Some("os.system"), "{}", pickle.escape_ascii());
        }
        assert_eq!(called(b"\x80\x02cbuiltins\ngetattr\n)R)R.").as_deref(), Some("builtins.getattr"));
        assert_eq!(called(b"\x80\x02N)R.").as_deref(), Some("a function without a name"));
    }

    #[test]
    fn data_is_no_call() {
        for pickle in [
            // Named, not called.
            &b"\x80\x02ctorch\nfloat32\n."[..],
            b"\x80\x02cos\nsystem\n.",
            // argparse.Namespace(lr=1), numpy.float64(…), OrderedDict().
            b"\x80\x02cargparse\nNamespace\n)\x81}X\x02\0\0\0lrK\x01sb.",
            b"\x80\x02cnumpy.core.multiarray\nscalar\n(U\x02f8U\x08\0\0\0\0\0\0\0\0tR.",
            b"\x80\x02ccollections\nOrderedDict\n)R.",
            // An object of the script's own class.
            b"\x80\x02c__main__\nNet\n)\x81}b.",
        ] {
            assert_eq!(called(pickle), None, "{}", pickle.escape_ascii());
        }
    }
}
