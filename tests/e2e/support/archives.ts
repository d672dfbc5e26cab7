/** Data sets that the tests pack. */
import { gzipSync, zipSync, type Zippable } from "fflate";
import { createTar } from "nanotar";
import { BLUE, file, GREEN, jpeg, paint, RED, type Colour, type InputFile } from "./pictures";

/** Paths and what lies there. */
export type Files = Record<string, Uint8Array>;

export function zip(name: string, files: Files): InputFile {
  return file(name, Buffer.from(zipSync(files as Zippable, { level: 1 })));
}

/** Pictures of one colour with a diagonal of another brightness, no two alike: what a small network tells apart at once. */
export function pictures(colour: Colour, count: number, side = 40): Buffer[] {
  return Array.from({ length: count }, (_, i) =>
    jpeg(paint(side, side, (x, y) => {
      const shade = (x + y + 7 * i) % side < side / 3 ? 0.6 : 1;
      const [red, green, blue] = colour;
      return [red * shade, green * shade, (blue * shade + 3 * i) % 256];
    })),
  );
}

/** torchvision's ImageFolder layout: a folder a class. */
export function imageFolder(count: number, classes: Record<string, Colour> = { rose: RED, leaf: GREEN, sky: BLUE }): Files {
  const named = Object.entries(classes).flatMap(([name, colour]) =>
    pictures(colour, count).map((bytes, i) => [`${name}/${i}.jpg`, new Uint8Array(bytes)] as const),
  );
  return Object.fromEntries(named);
}

/** CIFAR-10's official archive with a few images a batch: a label byte and three planes of 32 × 32. */
export function cifar(imagesABatch: number): InputFile {
  const batch = (offset: number) => {
    const bytes = new Uint8Array(imagesABatch * 3073);
    for (let i = 0; i < imagesABatch; i++) {
      const label = (i + offset) % 10;
      bytes.fill(20 + 22 * label, i * 3073 + 1, (i + 1) * 3073);
      bytes[i * 3073] = label;
    }
    return bytes;
  };
  const names = ["data_batch_1.bin", "data_batch_2.bin", "test_batch.bin"];
  const tar = createTar(names.map((name, i) => ({ name: `cifar-10-batches-bin/${name}`, data: batch(i) })));
  return file("cifar-10-binary.tar.gz", Buffer.from(gzipSync(tar)));
}

/** MNIST's four files. */
export function mnist(images: number, side = 28): InputFile[] {
  const head = (...numbers: number[]) => {
    const bytes = Buffer.alloc(4 + 4 * numbers.length);
    bytes.set([0, 0, 8, numbers.length]);
    numbers.forEach((number, i) => bytes.writeUInt32BE(number, 4 + 4 * i));
    return bytes;
  };
  const labels = Buffer.from(Array.from({ length: images }, (_, i) => i % 3));
  const pixels = Buffer.from(Array.from(labels, (label) => Array<number>(side * side).fill(100 * label)).flat());
  return ["train", "t10k"].flatMap((split) => [
    file(`${split}-images-idx3-ubyte`, Buffer.concat([head(images, side, side), pixels])),
    file(`${split}-labels-idx1-ubyte`, Buffer.concat([head(images), labels])),
  ]);
}
