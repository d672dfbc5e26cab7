import type { Engine, FilterData, MaskData, Pixels } from "../../engine/shared/protocol";
import type { ValidationPrediction } from "../../generated/protocol";

/** What somebody may be looking at. */
export type Part = "masks" | "filters" | "watched";

/** What insight asks of the engine. */
export type InspectorEngine = Pick<Engine, "mask" | "filters" | "watch" | "valImage">;

/** Least time between two looks at a part, in milliseconds. */
const PAUSE = 1000;
/** Watching computes: it takes at most about this share of the time. */
const SHARE = 1 / 6;
/** Validation images that the watched ones are chosen from. */
const POOL = 24;

/** What can be asked for now. */
export interface Moment {
  valImages: number;
  /** A step has been done, so that there are masks. */
  trained: boolean;
  /** At once, however short ago the last look was. */
  force?: boolean;
}

/** A validation image with what the network now thinks of it. */
export interface WatchedImage extends ValidationPrediction {
  pixels: Pixels | undefined;
}

/** Asks the engine for masks, filters and watched images, only while they are looked at and never often. */
export class Inspector {
  fc6 = $state.raw<MaskData>();
  fc7 = $state.raw<MaskData>();
  filters = $state.raw<FilterData>();
  watched = $state.raw<WatchedImage[]>([]);

  private readonly looked = new Map<Part, number>();
  private indices: number[] = [];
  private pixels = new Map<number, Pixels>();
  private offset = 0;
  /** Grows with every {@link clear}. */
  private runs = 0;
  /** When each part may be looked at again. */
  private next = new Map<Part, number>();
  private busy = false;
  /** What was asked for by force while a look was under way. */
  private waiting: Moment | undefined;

  /**
   * @param count validation images watched
   * @param now milliseconds, rising
   */
  constructor(
    private readonly engine: InspectorEngine,
    private readonly failed: (error: unknown) => void,
    private readonly count = 6,
    private readonly now = () => performance.now(),
  ) {}

  /** Somebody looks at a part, until the returned function is called. */
  look(part: Part): () => void {
    this.looked.set(part, (this.looked.get(part) ?? 0) + 1);
    return () => this.looked.set(part, (this.looked.get(part) ?? 1) - 1);
  }

  /** Another run with other data: forgets everything. */
  clear(): void {
    [this.fc6, this.fc7, this.filters] = [undefined, undefined, undefined];
    [this.watched, this.indices] = [[], []];
    this.next.clear();
    this.pixels = new Map();
    this.runs++;
  }

  /** Chooses other validation images to watch. */
  shuffle(valImages: number): Promise<void> {
    this.offset = (this.offset + POOL) % Math.max(1, valImages - POOL);
    this.indices = [];
    return this.refresh({ valImages, trained: this.fc6 !== undefined, force: true });
  }

  /** Looks again at each part that is shown and whose time has come. */
  async refresh(moment: Moment): Promise<void> {
    if (this.busy) {
      if (moment.force) this.waiting = moment;
      return;
    }
    this.busy = true;
    const { runs } = this;
    const { valImages, trained, force = false } = moment;
    const due = (part: Part) => (this.looked.get(part) ?? 0) > 0 && (force || this.now() >= (this.next.get(part) ?? 0));
    try {
      if (trained && due("masks")) {
        [this.fc6, this.fc7] = [await this.engine.mask(0, "fc6"), await this.engine.mask(0, "fc7")];
        this.shown("masks");
      }
      if (due("filters")) {
        this.filters = await this.engine.filters(0);
        this.shown("filters");
      }
      if (valImages > 0 && due("watched")) {
        const from = this.now();
        await this.watch(valImages);
        this.shown("watched", (this.now() - from) / SHARE);
      }
    } catch (error) {
      // What was asked of a run that is gone concerns nobody.
      if (runs === this.runs) this.failed(error);
    } finally {
      this.busy = false;
    }
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting) await this.refresh(waiting);
  }

  private shown(part: Part, pause = PAUSE): void {
    this.next.set(part, this.now() + Math.max(PAUSE, pause));
  }

  private async watch(valImages: number): Promise<void> {
    if (this.indices.length === 0) {
      const first = Math.min(this.offset, Math.max(0, valImages - POOL));
      const pool = Array.from({ length: Math.min(POOL, valImages) }, (_, i) => first + i);
      this.indices = choose(await this.engine.watch(0, pool), this.count);
    }
    const seen = await this.engine.watch(0, this.indices);
    for (const { index } of seen) {
      if (!this.pixels.has(index)) this.pixels.set(index, await this.engine.valImage(0, index));
    }
    this.watched = seen.map((one) => ({ ...one, pixels: this.pixels.get(one.index) }));
  }
}

/** The first images of as many different classes as possible, in their order. */
export function choose(pool: readonly ValidationPrediction[], count: number): number[] {
  const labels = new Set<string>();
  const [fresh, again]: [ValidationPrediction[], ValidationPrediction[]] = [[], []];
  for (const one of pool) {
    (labels.has(one.label) ? again : fresh).push(one);
    labels.add(one.label);
  }
  return [...fresh, ...again].slice(0, count).map(({ index }) => index);
}
