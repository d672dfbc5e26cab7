/** A link as a small file, since links lose their parameters when they are passed on. */
import { messageError } from "../../../errors/message";

/** Bytes of a link file at most: larger ones are something else. */
const MOST_BYTES = 100_000;

/** The file of an address's query. */
export const linkFile = (search: string): string => `${JSON.stringify({ "alexnet-lab": "link", version: 1, search }, null, 2)}\n`;

/**
 * The query that a link file holds.
 *
 * @throws where the file is not one
 */
export function readLinkFile(text: string): string {
  if (text.length > MOST_BYTES) throw messageError("learn.linkFileWrong");
  try {
    const { "alexnet-lab": kind, search } = JSON.parse(text) as Record<string, unknown>;
    if (kind === "link" && typeof search === "string" && /^(\?|$)/.test(search)) return search;
  } catch {
    // Not JSON: said below.
  }
  throw messageError("learn.linkFileWrong");
}
