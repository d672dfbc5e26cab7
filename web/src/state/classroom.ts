/**
 * A teacher's link: `hide=` and `only=` take the `data-testid`s of controls, `size=large` is for a projector.
 *
 * Only what is pressed, chosen or typed into can be hidden. Read-outs, figures and messages cannot: a hidden control must
 * never hide what the run says.
 */
import { message, type Message } from "../errors/message";

export interface Classroom {
  /** Controls that are hidden. */
  hide: string[];
  /** Where it is not empty, all other controls are hidden. */
  only: string[];
  /** Larger text and controls. */
  large: boolean;
}

export const NO_CLASSROOM: Classroom = { hide: [], only: [], large: false };

/** Every control that a link may hide, by where it is. Their `data-testid`s are the contract's. */
export const CONTROLS = {
  everywhere: ["view-classify", "view-studio", "view-train", "view-learn", "view-models", "language"],
  experiment: ["experiment-predict", "experiment-run", "experiment-presets", "experiment-settings", "experiment-seeds", "experiment-images", "experiment-pause", "experiment-stop", "experiment-new-seed", "experiment-again", "experiment-export", "experiment-next"],
  train: ["start", "pause", "step", "reset", "new-seed", "dataset", "batch-size", "learning-rate", "dropout", "activation", "width", "optimizer", "race"],
  classify: ["photo-input", "sample"],
} as const;

export type Place = keyof typeof CONTROLS;
export const PLACES = Object.keys(CONTROLS) as Place[];

const ALL: readonly string[] = PLACES.flatMap((place): readonly string[] => CONTROLS[place]);

export const isClassroomParameter = (name: string): boolean => ["hide", "only", "size"].includes(name);

export function parseClassroom(params: URLSearchParams, problems: Message[]): Classroom {
  const list = (name: "hide" | "only") =>
    (params.get(name) ?? "").split(",").map((id) => id.trim()).filter((id) => {
      if (id !== "" && !ALL.includes(id)) problems.push(message("engine.addressChoice", { name, value: id, allowed: ALL.join(", ") }));
      return ALL.includes(id);
    });
  const size = params.get("size");
  if (size !== null && size !== "large") problems.push(message("engine.addressChoice", { name: "size", value: size, allowed: "large" }));
  return { hide: list("hide"), only: list("only"), large: size === "large" };
}

export function writeClassroom(params: URLSearchParams, { hide, only, large }: Classroom): void {
  if (hide.length > 0) params.set("hide", hide.join(","));
  if (only.length > 0) params.set("only", only.join(","));
  if (large) params.set("size", "large");
}

/** The controls that are hidden. */
export const hiddenControls = ({ hide, only }: Classroom): string[] => ALL.filter((id) => hide.includes(id) || (only.length > 0 && !only.includes(id)));

/** The style sheet that hides them, each with the label that belongs to it alone. */
export const classroomStyle = (classroom: Classroom): string => {
  const ids = hiddenControls(classroom);
  const rules = ids.flatMap((id) => [`[data-testid="${id}"]`, `.field:has([data-testid="${id}"])`, `label:has(> [data-testid="${id}"])`]);
  return `${rules.length > 0 ? `${rules.join(",")}{display:none!important}` : ""}${classroom.large ? ":root{font-size:125%}" : ""}`;
};
