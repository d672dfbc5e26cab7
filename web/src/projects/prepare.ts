/** Prepares pictures for a project: checks and hashes them, makes large ones smaller, and makes thumbnails. */
import { messageError } from "../errors/message";

/** Larger files are scaled down: a network sees 64 to 227 pixels. */
export const LARGE_BYTES = 1_000_000;
/** Shorter side in pixels of a picture that is scaled down. */
export const STORED_SIDE = 512;
/** Side in pixels of a thumbnail. */
export const THUMB_SIDE = 96;

/** A picture ready to be stored. */
export interface PreparedPicture { name: string; bytes: Uint8Array; hash: string; thumb: Uint8Array; /** Scaled down. */ shrunk: boolean }

/** Whether the worker can decode a file, by its first bytes. */
function isDecodable(bytes: Uint8Array): boolean {
  const starts = (...head: number[]) => head.every((byte, i) => bytes[i] === byte);
  const webp = starts(0x52, 0x49, 0x46, 0x46) && bytes[8] === 0x57 && bytes[9] === 0x45;
  return starts(0xff, 0xd8, 0xff) || starts(0x89, 0x50, 0x4e, 0x47) || starts(0x47, 0x49, 0x46) || starts(0x42, 0x4d) || webp;
}

export async function sha256(bytes: Uint8Array): Promise<string> {
  if (!globalThis.crypto?.subtle) throw messageError("engine.storageInsecure");
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Prepares one picture; throws where the file is not a picture. */
export async function prepare(blob: Blob, name: string): Promise<PreparedPicture> {
  if (blob.size === 0) throw messageError("engine.pictureEmpty", { name });
  let bytes = new Uint8Array(await blob.arrayBuffer().catch(() => {
    throw messageError("engine.namedFileUnreadable", { name });
  }));
  const bitmap = await createImageBitmap(blob).catch(() => {
    throw messageError("engine.pictureUnreadable", { name });
  });
  try {
    const shrunk = bytes.byteLength > LARGE_BYTES;
    const renamed = shrunk || !isDecodable(bytes);
    if (renamed) bytes = await drawn(bitmap, Math.min(1, STORED_SIDE / Math.min(bitmap.width, bitmap.height)), 0.92);
    const thumb = await square(bitmap);
    return { name: renamed ? name.replace(/(\.[^./]*)?$/, ".jpg") : name, bytes, hash: await sha256(bytes), thumb, shrunk };
  } finally {
    bitmap.close();
  }
}

async function drawn(bitmap: ImageBitmap, scale: number, quality: number): Promise<Uint8Array<ArrayBuffer>> {
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale)));
  return encoded(canvas, (context) => context.drawImage(bitmap, 0, 0, canvas.width, canvas.height), quality);
}

/** A thumbnail of the centre square, which is also what a network sees. */
async function square(bitmap: ImageBitmap): Promise<Uint8Array<ArrayBuffer>> {
  const side = Math.min(bitmap.width, bitmap.height);
  const canvas = new OffscreenCanvas(THUMB_SIDE, THUMB_SIDE);
  return encoded(canvas, (context) => context.drawImage(bitmap, (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side, 0, 0, THUMB_SIDE, THUMB_SIDE), 0.8);
}

async function encoded(canvas: OffscreenCanvas, draw: (context: OffscreenCanvasRenderingContext2D) => void, quality: number): Promise<Uint8Array<ArrayBuffer>> {
  const context = canvas.getContext("2d");
  if (!context) throw messageError("engine.canvasMissing");
  // Transparent pixels over white, as the network sees them.
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  draw(context);
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality });
  return new Uint8Array(await blob.arrayBuffer());
}
