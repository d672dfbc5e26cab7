/** Downloads with progress and with sentences. */

/** Bytes so far; `total` is undefined where nobody knows it. */
export interface Progress { loaded: number; total: number | undefined }

/** Fetches `url`, counting what arrives. `bytes`: the size where it is known beforehand (of the unpacked file). */
export async function fetchCounted(url: string | URL, what: string, report: (progress: Progress) => void, bytes?: number): Promise<Response> {
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

/** Fetches `url` or says in one sentence why not; a server's HTML page in place of a missing file counts as missing. */
export async function fetchOk(url: string | URL, what: string): Promise<Response> {
  const response = await fetch(url).catch(() => {
    throw new Error(`${what} could not be downloaded: check the connection and try again.`);
  });
  const html = (response.headers.get("content-type") ?? "").startsWith("text/html");
  if (!response.ok || html) {
    const answer = response.ok ? "a web page in its place" : `status ${response.status}`;
    throw new Error(`${what} is not there: the server answered with ${answer} for ${new URL(url, self.location.href).pathname}.`);
  }
  return response;
}

/** The JSON at `url`, or null where there is none. */
export async function fetchJson<T>(url: string | URL): Promise<T | null> {
  const response = await fetch(url).catch(() => null);
  if (!response?.ok || (response.headers.get("content-type") ?? "").startsWith("text/html")) return null;
  return (await response.json()) as T;
}
