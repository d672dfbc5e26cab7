/** Downloads with progress. What cannot be had is a {@link MessageError}. */
import { message, messageError, MessageError, type Message } from "../../errors/message";

/** Bytes so far; `total` is undefined where the server does not state it. */
export interface Progress { loaded: number; total: number | undefined }

/**
 * Fetches `url` and counts what arrives.
 *
 * @param what names the file in an error, such as `engine.whatModel`
 * @param bytes the size of the unpacked file, where it is known beforehand
 */
export async function fetchCounted(url: string | URL, what: Message | string, report: (progress: Progress) => void, bytes?: number): Promise<Response> {
  const response = await fetchOk(url, what);
  const stated = Number(response.headers.get("content-length") ?? Number.NaN);
  // A compressed response states its compressed size, but its body arrives unpacked.
  const total = bytes ?? (response.headers.has("content-encoding") || !Number.isFinite(stated) ? undefined : stated);
  let loaded = 0;
  const count = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      loaded += chunk.byteLength;
      report({ loaded, total });
      controller.enqueue(chunk);
    },
  });
  return new Response(response.body?.pipeThrough(count) ?? null, { headers: { "content-type": response.headers.get("content-type") ?? "" } });
}

/** Fetches `url`; throws where the file is not there. A server's HTML page in place of a missing file counts as missing. */
export async function fetchOk(url: string | URL, what: Message | string): Promise<Response> {
  const response = await fetch(url).catch(() => {
    throw messageError("engine.notDownloaded", { what });
  });
  const missing = missingFile(response, what, new URL(url, self.location.href).pathname);
  if (missing) throw new MessageError(missing);
  return response;
}

/** Why a response is not the file that was asked for, null where it is. */
export function missingFile(response: Response, what: Message | string, path: string): Message | null {
  if (!response.ok) return message("engine.notThere", { what, status: String(response.status), path });
  return (response.headers.get("content-type") ?? "").startsWith("text/html") ? message("engine.notThereButPage", { what, path }) : null;
}

/** The JSON at `url`, or null where there is none. */
export async function fetchJson<T>(url: string | URL): Promise<T | null> {
  const response = await fetch(url).catch(() => null);
  if (!response?.ok || (response.headers.get("content-type") ?? "").startsWith("text/html")) return null;
  return (await response.json()) as T;
}
