import { zipSync } from "fflate";
import { expect, it } from "vitest";
import { openZip, createArchive } from "./archive";
import { classifyPaths } from "./names";
import type { PictureInfo, Project } from "./types";

const project: Project = { id: "p", name: "Mugs & pens", created: 1, changed: 1, classes: [{ id: "a", name: "mug/cup" }, { id: "b", name: "pen" }], plan: { start: "shipped", headEpochs: 3, allEpochs: 0 } };
const picture = (of: string, i: number, name = `${i}.JPG`): PictureInfo => ({ id: `p/${of}/h${of}${i}`, project: "p", class: of, hash: `h${of}${i}`.padEnd(64, "0"), name, bytes: 3, val: i === 0, added: i });
const pictures = [picture("a", 0), picture("a", 1), picture("a", 2, "1.jpg"), picture("b", 0), picture("b", 1, "né e?.png")];
const bytesOf = (hash: string) => Uint8Array.from(hash.slice(0, 3), (c) => c.charCodeAt(0));
const read = async (hashes: string[]) => hashes.map(bytesOf);
const network = Uint8Array.of(1, 2, 3, 4, 5);

it("packs a project in ImageFolder layout and reads the very same back", async () => {
  const blob = await createArchive({ project, pictures, network, trained: null, read });
  const opened = await openZip(blob, "mugs.zip");
  expect(opened.paths).toEqual(["project.json", "network.safetensors", "val/mug_cup/0.jpg", "train/mug_cup/1.jpg", `train/mug_cup/1-${"ha2".padEnd(12, "0")}.jpg`, "val/pen/0.jpg", "train/pen/né e_.png"]);
  expect(opened.network).toEqual(network);
  expect(opened.description).toMatchObject({ name: project.name, plan: project.plan, classes: [{ name: "mug/cup", folder: "mug_cup" }, { name: "pen", folder: "pen" }] });
  const files = opened.paths.filter((_, i) => classifyPaths(opened.paths)[i]);
  expect(opened.read(files)).toEqual(pictures.map(({ hash }) => bytesOf(hash)));
  // Packed again it is the same file, but for its time stamps there are none.
  expect(new Uint8Array(await (await createArchive({ project, pictures, network, trained: null, read })).arrayBuffer())).toEqual(new Uint8Array(await blob.arrayBuffer()));
});

it("says what is wrong with an archive in one sentence", async () => {
  const zip = (files: Record<string, Uint8Array>) => new Blob([zipSync(files) as Uint8Array<ArrayBuffer>]);
  const whole = new Uint8Array(await zip({ "cat/1.jpg": new Uint8Array(99) }).arrayBuffer());
  await expect(openZip(new Blob([whole.subarray(0, 60)]), "half.zip")).rejects.toThrow("The archive “half.zip” is damaged, cut off or encrypted: create or download it again.");
  await expect(openZip(new Blob(["text"]), "text.zip")).rejects.toThrow("is damaged, cut off");
  await expect(openZip(zip({ "../evil.jpg": new Uint8Array(9) }), "out.zip")).rejects.toThrow("points outside of it");
  // What the list of contents claims is enough: nothing of it is unpacked.
  const bomb = whole.slice();
  const entry = bomb.findIndex((_, i) => bomb[i] === 0x50 && bomb[i + 1] === 0x4b && bomb[i + 2] === 1 && bomb[i + 3] === 2);
  new DataView(bomb.buffer).setUint32(entry + 24, 300 << 20, true);
  await expect(openZip(new Blob([bomb]), "bomb.zip")).rejects.toThrow("unpacks to far more than pictures would");
  await expect(openZip(zip({ "project.json": new TextEncoder().encode('{"format":"alexnet-lab-project","version":9}') }), "new.zip")).rejects.toThrow("A later version of this page");
  expect((await openZip(zip({ "project.json": new TextEncoder().encode("[]") }), "other.zip")).description).toBeNull();
});

it("does not leave a missing picture out in silence", async () => {
  await expect(createArchive({ project, pictures, network: null, trained: null, read: async (hashes) => hashes.map(() => undefined) })).rejects.toThrow("is no longer in the browser's storage");
});
