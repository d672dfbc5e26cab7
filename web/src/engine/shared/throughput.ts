/** Units (images, bytes) per second over the last few seconds of work. Time between calls of `add` does not count. */
export class Rate {
  private window: { images: number; seconds: number }[] = [];

  constructor(private readonly span = 5) {}

  add(images: number, seconds: number): number {
    this.window.push({ images, seconds });
    while (this.window.length > 1 && this.seconds - (this.window[0]?.seconds ?? 0) > this.span) this.window.shift();
    return this.value;
  }

  get value(): number {
    const images = this.window.reduce((sum, part) => sum + part.images, 0);
    return this.seconds > 0 ? images / this.seconds : 0;
  }

  private get seconds(): number {
    return this.window.reduce((sum, part) => sum + part.seconds, 0);
  }
}
