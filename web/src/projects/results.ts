/** The evaluation of a project's network as its archive stores it: classes by folder, pictures by hash. */
import { foldersOf } from "./names";
import type { EvaluationResult, Project, ProjectRun } from "./types";

/** The part of `project.json` about the network. The field names are those of version 1 of the format. */
export interface Results extends Omit<EvaluationResult, "classes" | "predictions"> {
  options: unknown;
  /** Folders of the classes, in the order of the network's outputs. */
  classes: string[];
  /** The validation pictures with the network's predictions. */
  judged: EvaluationResult["predictions"];
  /** Curves and other state of the view. */
  kept: unknown;
}

export function toResults(project: Project, { options, viewState, step, classes }: Pick<ProjectRun, "options" | "viewState" | "step" | "classes">, evaluation: EvaluationResult | null): Results {
  const folders = foldersOf(project.classes);
  const folder = (id: string) => folders.get(id) ?? id;
  const judged = (evaluation?.predictions ?? []).map((one) => {
    const [, of = "", hash = ""] = one.picture.split("/");
    return { ...one, picture: `${folder(of)}/${hash}` };
  });
  return { step: evaluation?.step ?? step, options, stages: evaluation?.stages ?? [], classes: (evaluation?.classes ?? classes).map(folder), judged, kept: viewState };
}

/** The evaluation for the imported project; `ids`: its classes by folder. Null where the archive has none or it is malformed. */
export function fromResults(results: Partial<Results> | null | undefined, project: string, ids: ReadonlyMap<string, string>): EvaluationResult | null {
  const { step, stages, classes, judged } = results ?? {};
  if (typeof step !== "number" || !Array.isArray(stages) || stages.length === 0 || !Array.isArray(classes) || !Array.isArray(judged)) return null;
  const id = (folder: string) => ids.get(folder) ?? folder;
  const known = judged.filter((one) => typeof one?.picture === "string" && Number.isInteger(one.label) && Array.isArray(one.top));
  const moved = known.map((one) => {
    const [folder = "", hash = ""] = one.picture.split("/");
    return { ...one, picture: `${project}/${id(folder)}/${hash}` };
  });
  return { step, stages, classes: classes.map((folder) => id(String(folder))), predictions: moved };
}
