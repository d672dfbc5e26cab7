/** The model in use, as the page shows it. */
import type { Message } from "../errors/message";
import type { Accuracy } from "../engine/shared/protocol";
import type { ModelInfo } from "../generated/protocol";

/** The evaluation of a network on pictures that it was not trained on. */
export interface TestResult { images: number; correct: number; /** Below this probability the first prediction is not reliable. */ threshold: number }

interface ModelState {
  /** `absent`: not loaded yet. */
  status: "absent" | "loading" | "ready" | "failed";
  info: ModelInfo | null;
  /** Its accuracy, where it was measured. */
  measured: Accuracy | null;
  /** Its evaluation on the visitor's own pictures, where it was trained on them. */
  testResult: TestResult | null;
  /** Its name on the page: a file's name, “the included network”. Show it with `textOf`. */
  name: Message | string;
  /** The name of the model that is being loaded. */
  loading: Message | string;
  source: "shipped" | "address" | "file" | "run" | null;
  /** The file was on this device already, from an earlier download. */
  cached: boolean;
  progress: { loaded: number; total: number | undefined; secondsLeft?: number | undefined } | null;
  /** The download can be stopped. */
  stoppable: boolean;
  /** Why there is none. Show it with `errorText`. */
  problem: Message | string;
}

export const modelState: ModelState = $state({ status: "absent", info: null, measured: null, testResult: null, name: "", loading: "", source: null, cached: false, progress: null, stoppable: false, problem: "" });
