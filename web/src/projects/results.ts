/** What was found out about a project's network, as it travels in its archive: classes by folder, pictures by content. */
import { foldersOf } from "./names";
import type { Judgement, Project, ProjectRun } from "./types";

export interface Results extends Omit<Judgement, "classes"> {
  options: unknown;
  /** Folders of the classes, in the order of the network's outputs. */
  classes: string[];
  /** The view's curves. */
  kept: unknown;
}

export function toResults(project: Project, { options, kept, step, classes }: Pick<ProjectRun, "options" | "kept" | "step" | "classes">, judgement: Judgement | null): Results {
  const folders = foldersOf(project.classes);
  const folder = (id: string) => folders.get(id) ?? id;
  const judged = (judgement?.judged ?? []).map((one) => {
    const [, of = "", hash = ""] = one.picture.split("/");
    return { ...one, picture: `${folder(of)}/${hash}` };
  });
  return { step: judgement?.step ?? step, options, stages: judgement?.stages ?? [], classes: (judgement?.classes ?? classes).map(folder), judged, kept };
}

/** For the project that the archive became; `ids`: its classes by folder. Null where the archive says nothing, or not so. */
export function fromResults(results: Partial<Results> | null | undefined, project: string, ids: ReadonlyMap<string, string>): Judgement | null {
  const { step, stages, classes, judged } = results ?? {};
  if (typeof step !== "number" || !Array.isArray(stages) || stages.length === 0 || !Array.isArray(classes) || !Array.isArray(judged)) return null;
  const id = (folder: string) => ids.get(folder) ?? folder;
  const known = judged.filter((one) => typeof one?.picture === "string" && Number.isInteger(one.label) && Array.isArray(one.top));
  const moved = known.map((one) => {
    const [folder = "", hash = ""] = one.picture.split("/");
    return { ...one, picture: `${project}/${id(folder)}/${hash}` };
  });
  return { step, stages, classes: classes.map((folder) => id(String(folder))), judged: moved };
}
