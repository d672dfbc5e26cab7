import { createHash } from "node:crypto";
import { expect, it, vi } from "vitest";
import type { PublishedModel } from "../shared/protocol";
import { originOf } from "./origin";

const bytes = Uint8Array.from({ length: 9_000_000 }, (_, i) => i * 31);
const sha256 = createHash("sha256").update(bytes).digest("hex");
const published = (more: Partial<PublishedModel>): PublishedModel => ({ name: "", url: "", dataset: "Tests", classes: 2, top1: 0.5, top5: 1, publisher: "the test", licence: "None", bytes: bytes.length, sha256, origin: "The test.", ...more });

it("knows a published file by its content", async () => {
  const file = new Blob([bytes]);
  expect(await originOf(file, [published({ sha256: "00", origin: "Another." }), published({ sha256: sha256.slice(0, 8).toUpperCase() })])).toBe("The test.");
  expect(await originOf(file, [published({ sha256: "00" }), published({ sha256: undefined }), published({ sha256: "" })])).toBeUndefined();
});

it("reads no file of another size for that", async () => {
  const file = new Blob([bytes.subarray(1)]);
  const slice = vi.spyOn(file, "slice");
  expect(await originOf(file, [published({})])).toBeUndefined();
  expect(slice).not.toHaveBeenCalled();
});
