/** Object URLs of thumbnails. They are read in batches when they become visible; the least recently used are revoked. */
const MOST = 900;

export class ThumbnailCache {
  private readonly urls = new Map<string, string>();
  private waiting = new Map<string, ((url: string) => void)[]>();
  private reading = false;

  constructor(private readonly read: (hashes: string[]) => Promise<(Uint8Array | undefined)[]>) {}

  /** The URL if it is cached, else a promise of it ("" if there is no thumbnail). */
  url(hash: string): string | Promise<string> {
    const known = this.urls.get(hash);
    if (known !== undefined) {
      // Moves it to the end of the map: most recently used.
      this.urls.delete(hash);
      this.urls.set(hash, known);
      return known;
    }
    return new Promise((resolve) => {
      this.waiting.set(hash, [...(this.waiting.get(hash) ?? []), resolve]);
      if (!this.reading) {
        this.reading = true;
        queueMicrotask(() => void this.readAll());
      }
    });
  }

  clear(): void {
    for (const url of this.urls.values()) if (url) URL.revokeObjectURL(url);
    this.urls.clear();
  }

  private async readAll(): Promise<void> {
    while (this.waiting.size > 0) {
      const asked = this.waiting;
      this.waiting = new Map();
      const hashes = [...asked.keys()];
      const found = await this.read(hashes).catch(() => [] as undefined[]);
      hashes.forEach((hash, i) => {
        const bytes = found[i];
        const url = bytes ? URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type: "image/jpeg" })) : "";
        this.urls.set(hash, url);
        for (const resolve of asked.get(hash) ?? []) resolve(url);
      });
    }
    for (const [hash, url] of this.urls) {
      if (this.urls.size <= MOST) break;
      this.urls.delete(hash);
      if (url) URL.revokeObjectURL(url);
    }
    this.reading = false;
  }
}
