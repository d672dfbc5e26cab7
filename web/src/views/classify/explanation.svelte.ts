/** What the answer for a photo rests on, computed when somebody looks, in pieces. */
import { lab } from "../../engine/page/api";
import type { FilterData, HeatMapData, Pixels } from "../../engine/shared/protocol";
import type { LayerMaps } from "../../generated/protocol";
import { occlusionMap } from "../../charts/heat";
import { messageError, messageOf, type Message } from "../../errors/message";
import { modelState } from "../../state/model.svelte";
import type { Answer } from "./classify.svelte";

/** Places covered between two messages: other work of the worker fits in between. */
const PIECE = 13;

export class Why {
  /** The guess that is explained. */
  classIndex = $state(0);
  evidence = $state.raw<HeatMapData>();
  occlusion = $state.raw<HeatMapData>();
  /** Places covered so far, and in all. */
  covered = $state({ done: 0, of: 0 });
  layers = $state.raw<LayerMaps[]>([]);
  layer = $state("");
  maps = $state.raw<FilterData>();
  filters = $state.raw<FilterData>();
  problem = $state.raw<Message | string>("");
  /** What is computed now; a later wish ends it. */
  private turn = 0;
  /** For the worker: a plain object, which a message can carry. */
  private readonly crop: Pixels;

  constructor(private readonly answer: Answer) {
    this.classIndex = answer.top[0]?.index ?? 0;
    this.crop = { size: answer.crop.size, rgba: answer.crop.rgba };
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      if (this.answer.info !== modelState.info) throw messageError("classify.modelChanged");
      this.problem = "";
      await work();
    } catch (error) {
      this.problem = messageOf(error);
    }
  }

  /** Both maps for a class: the gradients' at once, the covered places one after another. */
  explain(classIndex: number): Promise<void> {
    const turn = ++this.turn;
    const over = () => turn !== this.turn;
    this.classIndex = classIndex;
    this.evidence = undefined;
    this.occlusion = undefined;
    this.covered = { done: 0, of: 0 };
    return this.attempt(async () => {
      const { crop } = this;
      const evidence = await lab.engine.evidenceMap(crop, classIndex);
      if (over()) return;
      this.evidence = evidence;
      const grid = await lab.engine.occlusionGrid();
      const of = grid.places * grid.places;
      const uncovered = this.answer.top.find(({ index }) => index === classIndex)?.probability ?? 0;
      const probabilities = new Float32Array(of);
      for (let done = 0; done < of && !over(); ) {
        const piece = await lab.engine.occlusionProbabilities(crop, classIndex, done, PIECE);
        probabilities.set(piece, done);
        done += piece.length;
        if (over() || piece.length === 0) return;
        this.covered = { done, of };
        this.occlusion = occlusionMap(grid, probabilities.subarray(0, done), uncovered);
      }
    });
  }

  /** Which layers there are, and the maps of the first. */
  look(): Promise<void> {
    return this.attempt(async () => {
      this.layers = await lab.engine.modelLayers();
      // The first activation's maps still look like the photo.
      const first = this.layers.find(({ name }) => /^(?!conv|norm|pool).*1$/.test(name)) ?? this.layers[0];
      if (first) await this.show(first.name);
    });
  }

  show(layer: string): Promise<void> {
    this.layer = layer;
    return this.attempt(async () => {
      const maps = await lab.engine.featureMaps(this.crop, layer);
      if (layer === this.layer) this.maps = maps;
    });
  }

  lookAtFilters(): Promise<void> {
    return this.attempt(async () => {
      this.filters ??= await lab.engine.modelFilters();
    });
  }

  /** Ends what is going on. */
  stop(): void {
    this.turn++;
  }
}
