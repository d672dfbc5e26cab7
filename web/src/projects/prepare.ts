/** Pictures on their way into a project: checked, hashed, made small where they are huge, and given a thumbnail. */

/** Larger files are stored smaller: a network sees 64 to 227 pixels. */
export const LARGE_BYTES = 1_000_000;
/** Shorter side in pixels of what is stored of a large picture. */
export const STORED_SIDE = 512;
/** Side in pixels of a thumbnail. */
export const THUMB_SIDE = 96;

/** A picture ready to be stored. */
export interface PreparedPicture { name: string; bytes: Uint8Array; hash: string; thumb: Uint8Array; /** Made smaller than it came. */ shrunk: boolean }

/** What the worker decodes, by the first bytes. */
function isDecodable(bytes: Uint8Array): boolean {
  const starts = (...head: number[]) => head.every((byte, i) => bytes[i] === byte);
  const webp = starts(0x52, 0x49, 0x46, 0x46) && bytes[8] === 0x57 && bytes[9] === 0x45;
  return starts(0xff, 0xd8, 0xff) || starts(0x89, 0x50, 0x4e, 0x47) || starts(0x47, 0x49, 0x46) || starts(0x42, 0x4d) || webp;
}

export async function sha256(bytes: Uint8Array): Promise<string> {
  if (!globalThis.crypto?.subtle) throw new Error("The browser keeps pictures only for pages opened through https or on this machine: open this page so.");
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Prepares one picture; throws a sentence where it is none. */
export async function prepare(blob: Blob, name: string): Promise<PreparedPicture> {
  if (blob.size === 0) throw new Error(`“${name}” is empty: choose a JPEG, PNG, WebP, GIF or BMP image.`);
  let bytes = new Uint8Array(await blob.arrayBuffer().catch(() => {
    throw new Error(`“${name}” could not be read: it may have been moved or deleted, so choose it again.`);
  }));
  const bitmap = await createImageBitmap(blob).catch(() => {
    throw new Error(`“${name}” is not an image that can be read here, or it is damaged: choose a JPEG, PNG, WebP, GIF or BMP image.`);
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

/** The middle square, which is also what a network sees. */
async function square(bitmap: ImageBitmap): Promise<Uint8Array<ArrayBuffer>> {
  const side = Math.min(bitmap.width, bitmap.height);
  const canvas = new OffscreenCanvas(THUMB_SIDE, THUMB_SIDE);
  return encoded(canvas, (context) => context.drawImage(bitmap, (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side, 0, 0, THUMB_SIDE, THUMB_SIDE), 0.8);
}

async function encoded(canvas: OffscreenCanvas, draw: (context: OffscreenCanvasRenderingContext2D) => void, quality: number): Promise<Uint8Array<ArrayBuffer>> {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("The browser gives no canvas to draw on: reload the page.");
  // Transparency over white, as the network is shown it.
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  draw(context);
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality });
  return new Uint8Array(await blob.arrayBuffer());
}
