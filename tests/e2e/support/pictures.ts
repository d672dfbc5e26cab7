/** Pictures that the tests paint and encode, whole and broken. */
import { crc32, deflateSync } from "node:zlib";
import { encode } from "jpeg-js";
import { GifWriter } from "omggif";
import { PNG, type PackerOptions } from "pngjs";

export type Colour = readonly [red: number, green: number, blue: number, alpha?: number];
export const RED: Colour = [220, 30, 30];
export const GREEN: Colour = [30, 180, 60];
export const BLUE: Colour = [30, 60, 220];

/** Straight RGBA, row by row. */
export interface Picture { width: number; height: number; data: Buffer }
/** A file as Playwright takes it. */
export interface InputFile { name: string; mimeType: string; buffer: Buffer }

/** A picture of one colour a pixel. */
export function paint(width: number, height: number, at: (x: number, y: number) => Colour): Picture {
  const data = Buffer.alloc(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [red, green, blue, alpha = 255] = at(x, y);
      data.set([red, green, blue, alpha], (y * width + x) * 4);
    }
  }
  return { width, height, data };
}

/** Left half and right half. */
export const halves = (left: Colour, right: Colour, width = 120, height = 90): Picture =>
  paint(width, height, (x) => (x < width / 2 ? left : right));

export const plain = (colour: Colour, width = 96, height = 96): Picture => paint(width, height, () => colour);

export function png({ width, height, data }: Picture, options: PackerOptions = {}): Buffer {
  const image = new PNG({ width, height });
  image.data = data;
  return PNG.sync.write(image, options);
}

/** The same picture with 16 bits a channel. */
export function png16({ width, height, data }: Picture, colorType: 0 | 2 | 6): Buffer {
  const wide = Buffer.from(Uint16Array.from(data, (value) => value * 257).buffer);
  return png({ width, height, data: wide }, { bitDepth: 16, colorType });
}

export function jpeg(picture: Picture, quality = 90): Buffer {
  return Buffer.from(encode(picture, quality).data);
}

/** A JPEG whose EXIF block asks for it to be turned (TIFF tag 0x0112). */
export function turnedJpeg(picture: Picture, orientation: number): Buffer {
  const exif = Buffer.from("ffe100224578696600004d4d002a000000080001011200030000000100000000000000000000", "hex").subarray(0, 36);
  exif.writeUInt16BE(orientation, 28);
  const plainJpeg = jpeg(picture);
  return Buffer.concat([plainJpeg.subarray(0, 2), exif, plainJpeg.subarray(2)]);
}

/** An animation: one colour a frame. */
export function gif(frames: readonly Colour[], side = 48): Buffer {
  const buffer = Buffer.alloc(4096 * (frames.length + 1));
  const palette = frames.map(([red, green, blue]) => (red << 16) | (green << 8) | blue);
  // Palettes have a power of two of entries.
  while (palette.length < 2 || (palette.length & (palette.length - 1)) !== 0) palette.push(0);
  const writer = new GifWriter(buffer, side, side, { palette, loop: 0 });
  frames.forEach((_, index) => writer.addFrame(0, 0, side, side, Array<number>(side * side).fill(index), { delay: 10 }));
  return buffer.subarray(0, writer.end());
}

/** A grey PNG of any size without its pixels ever lying here as RGBA. */
export function hugePng(width: number, height: number, grey: number): Buffer {
  const rows = Buffer.alloc((width + 1) * height, grey);
  for (let y = 0; y < height; y++) rows[y * (width + 1)] = 0;
  const small = png(plain([grey, grey, grey], 1, 1), { colorType: 0 });
  const header = small.subarray(16, 33);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  return Buffer.concat([small.subarray(0, 8), chunk("IHDR", header.subarray(0, 13)), chunk("IDAT", deflateSync(rows, { level: 1 })), chunk("IEND", Buffer.alloc(0))]);
}

function chunk(kind: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(kind, "latin1"), body]);
  const whole = Buffer.alloc(named.length + 8);
  whole.writeUInt32BE(body.length, 0);
  named.copy(whole, 4);
  whole.writeUInt32BE(crc32(named), named.length + 4);
  return whole;
}

const TYPES: Record<string, string> = { jpg: "image/jpeg", png: "image/png", gif: "image/gif", zip: "application/zip" };

export function file(name: string, buffer: Buffer): InputFile {
  return { name, buffer, mimeType: TYPES[name.split(".").at(-1) ?? ""] ?? "application/octet-stream" };
}
