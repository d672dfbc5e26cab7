/** Where a file's weights come from, told by its content. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { PublishedModel } from "../shared/protocol";

const PIECE = 4 * 2 ** 20;

/** The origin of the published file that this file is equal to. Only a file of the same size is read for that. */
export async function originOf(file: Blob, published: readonly PublishedModel[]): Promise<string | undefined> {
  const likely = published.filter(({ bytes }) => bytes === file.size);
  if (likely.length === 0) return undefined;
  const hash = sha256.create();
  for (let at = 0; at < file.size; at += PIECE) hash.update(new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer()));
  const digest = bytesToHex(hash.digest());
  return likely.find(({ sha256: known }) => known && digest.startsWith(known.toLowerCase()))?.origin;
}
