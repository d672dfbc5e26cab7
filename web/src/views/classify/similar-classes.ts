/** Which classes the model in use holds to be alike, asked once a class. */
import { lab } from "../../engine/page/api";
import type { ModelInfo, SimilarClass } from "../../generated/protocol";

const SHOWN = 4;
/** By the model's description: another model, another object. */
const known = new WeakMap<ModelInfo, Map<number, Promise<SimilarClass[]>>>();

export function similarClasses(model: ModelInfo, classIndex: number): Promise<SimilarClass[]> {
  const classes = known.get(model) ?? new Map<number, Promise<SimilarClass[]>>();
  known.set(model, classes);
  const before = classes.get(classIndex);
  if (before) return before;
  const asked = lab.engine.similarClasses(classIndex, SHOWN);
  // What failed (the worker died) may be asked again.
  asked.catch(() => classes.delete(classIndex));
  classes.set(classIndex, asked);
  return asked;
}
