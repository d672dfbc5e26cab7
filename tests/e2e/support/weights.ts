/** Model files made on the fly: weights from the formula of `tests/fixtures/generate_reference.py`, at full size. */
import { crc32 } from "node:zlib";

export type Shapes = Record<string, number[]>;

/** torchvision's alexnet: 61,100,840 numbers. */
export const ALEXNET: Shapes = {
  "features.0.weight": [64, 3, 11, 11], "features.0.bias": [64],
  "features.3.weight": [192, 64, 5, 5], "features.3.bias": [192],
  "features.6.weight": [384, 192, 3, 3], "features.6.bias": [384],
  "features.8.weight": [256, 384, 3, 3], "features.8.bias": [256],
  "features.10.weight": [256, 256, 3, 3], "features.10.bias": [256],
  "classifier.1.weight": [4096, 9216], "classifier.1.bias": [4096],
  "classifier.4.weight": [4096, 4096], "classifier.4.bias": [4096],
  "classifier.6.weight": [1000, 4096], "classifier.6.bias": [1000],
};

const count = (shape: number[]) => shape.reduce((product, side) => product * side, 1);

/** `x` of the formula for the elements of a tensor. */
export function mixed(key: string, length: number): Uint32Array {
  const seed = crc32(key);
  const values = new Uint32Array(length);
  for (let i = 0; i < length; i++) {
    let x = (Math.imul(i, 2_654_435_761) + seed) | 0;
    x = Math.imul(x ^ (x >>> 16), 2_246_822_519);
    values[i] = x ^ (x >>> 13);
  }
  return values;
}

function numbers(key: string, shape: number[]): Buffer {
  const values = new Float32Array(count(shape));
  const scale = key.endsWith("bias") ? 0.05 : Math.sqrt(6 / count(shape.slice(1)));
  for (const [i, x] of mixed(key, values.length).entries()) values[i] = scale * (x / 2 ** 31 - 1);
  return Buffer.from(values.buffer);
}

/** A stored tensor. */
interface Stored { dtype: "F32" | "I8"; shape: number[]; bytes: Buffer }

/** A safetensors file; `description` is this project's own, among the metadata. */
export function safetensors(shapes: Shapes, description?: object, values = numbers): Buffer {
  const tensors = Object.entries(shapes).map(([key, shape]): [string, Stored] => [key, { dtype: "F32", shape, bytes: values(key, shape) }]);
  return container(tensors, description);
}

/** One of this project's own safetensors files with another description. */
export function described(file: Buffer, change: (description: Record<string, unknown>) => Record<string, unknown>): Buffer {
  const end = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString("utf8", 8, end)) as { __metadata__: { alexnet: string } };
  header.__metadata__.alexnet = JSON.stringify(change(JSON.parse(header.__metadata__.alexnet) as Record<string, unknown>));
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, file.subarray(end)]);
}

/** The weights of an int8 file: the formula's bytes, and a scale for each output channel that keeps signals in bounds. */
function bytes(key: string, shape: number[]): { values: Int8Array; scale: number } {
  return { values: new Int8Array(mixed(key, count(shape)).buffer).filter((_, i) => i % 4 === 3), scale: Math.sqrt(6 / count(shape.slice(1))) / 128 };
}

/** An int8 file, as this project writes them, and the same numbers in single precision. */
export function inBytes(shapes: Shapes, description: object): { int8: Buffer; widened: Buffer } {
  const tensors = Object.entries(shapes).flatMap(([key, shape]): [string, Stored][] => {
    if (shape.length === 1) return [[key, { dtype: "F32", shape, bytes: numbers(key, shape) }]];
    const { values, scale } = bytes(key, shape);
    const channels = shape.slice(0, 1);
    return [
      [key, { dtype: "I8", shape, bytes: Buffer.from(values.buffer) }],
      [`${key}.scale`, { dtype: "F32", shape: channels, bytes: Buffer.from(new Float32Array(count(channels)).fill(scale).buffer) }],
    ];
  });
  const widened = (key: string, shape: number[]) => {
    if (shape.length === 1) return numbers(key, shape);
    const { values, scale } = bytes(key, shape);
    return Buffer.from(Float32Array.from(values, (value) => value * Math.fround(scale)).buffer);
  };
  return { int8: container(tensors, description), widened: safetensors(shapes, description, widened) };
}

function container(tensors: [string, Stored][], description?: object): Buffer {
  const header: Record<string, unknown> = description ? { __metadata__: { alexnet: JSON.stringify(description) } } : {};
  let at = 0;
  for (const [key, { dtype, shape, bytes }] of tensors) header[key] = { dtype, shape, data_offsets: [at, (at += bytes.length)] };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, ...tensors.map(([, { bytes }]) => bytes)]);
}

/** A file as torch.save writes one: a stored ZIP archive of a pickle and a storage for each tensor. */
export function pth(shapes: Shapes): Buffer {
  const files = new Map<string, Buffer>([["data.pkl", pickle(shapes)]]);
  for (const [i, [key, shape]] of Object.entries(shapes).entries()) files.set(`data/${i}`, numbers(key, shape));
  files.set("version", Buffer.from("3\n"));
  return storedZip(files);
}

/** A file as torch.save wrote them before 1.6: pickles one after another, then the storages in their keys' order. */
export function legacyPth(shapes: Shapes): Buffer {
  const latin = (bytes: string) => Buffer.from(bytes, "latin1");
  const version = latin("M\xe9\x03");
  const tensors = Object.entries(shapes);
  const keys = tensors.map((_, i) => String(i)).sort();
  const storages = keys.flatMap((key) => {
    const [name, shape] = tensors[Number(key)] ?? ["", []];
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(count(shape)));
    return [length, numbers(name, shape)];
  });
  return Buffer.concat([
    latin("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."),
    latin("\x80\x02"), version, latin("."),
    latin("\x80\x02}("), text("protocol_version"), version, text("little_endian"), latin("\x88u."),
    pickle(shapes, "N"),
    latin("\x80\x02]("), ...keys.map(text), latin("e."),
    ...storages,
  ]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([Buffer.from("X"), length, bytes]);
}

/** OrderedDict of `torch._utils._rebuild_tensor_v2` calls, protocol 2; `view` is what legacy files say of each storage besides. */
function pickle(shapes: Shapes, view = ""): Buffer {
  const integer = (value: number) => {
    const bytes = Buffer.from("J\0\0\0\0");
    bytes.writeInt32LE(value, 1);
    return bytes;
  };
  const tuple = (values: number[]) => Buffer.concat([Buffer.from("("), ...values.map(integer), Buffer.from("t")]);
  const dictionary = Buffer.from("ccollections\nOrderedDict\n)R");
  const parts: Buffer[] = [Buffer.from("\x80\x02", "latin1"), dictionary, Buffer.from("(")];
  for (const [i, [key, shape]] of Object.entries(shapes).entries()) {
    const strides = shape.map((_, axis) => count(shape.slice(axis + 1)));
    parts.push(
      text(key), Buffer.from("ctorch._utils\n_rebuild_tensor_v2\n(("), text("storage"), Buffer.from("ctorch\nFloatStorage\n"),
      text(String(i)), text("cpu"), integer(count(shape)), Buffer.from(`${view}tQ`), integer(0), tuple(shape), tuple(strides),
      Buffer.from([0x89]), dictionary, Buffer.from("tR"),
    );
  }
  return Buffer.concat([...parts, Buffer.from("u.")]);
}

function storedZip(files: Map<string, Buffer>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [path, bytes] of files) {
    const name = Buffer.from(`archive/${path}`);
    const head = Buffer.alloc(30);
    head.writeUInt32LE(0x04034b50, 0);
    head.writeUInt16LE(10, 4);
    head.writeUInt32LE(crc32(bytes), 14);
    head.writeUInt32LE(bytes.length, 18);
    head.writeUInt32LE(bytes.length, 22);
    head.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(10, 4);
    head.copy(entry, 6, 4, 28);
    entry.writeUInt32LE(at, 42);
    directory.push(entry, name);
    parts.push(head, name, bytes);
    at += head.length + name.length + bytes.length;
  }
  const index = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.size, 8);
  end.writeUInt16LE(files.size, 10);
  end.writeUInt32LE(index.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, index, end]);
}
