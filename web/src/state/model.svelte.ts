/** The model in use, as the page shows it. */
import type { Accuracy } from "../engine/shared/protocol";
import type { ModelInfo } from "../generated/protocol";

/** What a test on pictures that a network had not learned from says of its probabilities. */
export interface TestResult { images: number; correct: number; /** Probability of the first guess below which it is not reliable. */ threshold: number }

interface ModelState {
  /** `absent`: not asked for yet. */
  status: "absent" | "loading" | "ready" | "failed";
  info: ModelInfo | null;
  /** How often it is right, where that was measured. */
  measured: Accuracy | null;
  /** How it did on the visitor's own pictures, where it was trained on them. */
  testResult: TestResult | null;
  /** What a person calls it: a file's name, “the shipped network”. */
  name: string;
  /** The same of what is on its way. */
  loading: string;
  source: "shipped" | "address" | "file" | "run" | null;
  /** The file was on this device already, from an earlier download. */
  cached: boolean;
  progress: { loaded: number; total: number | undefined; secondsLeft?: number | undefined } | null;
  /** What is loading can be stopped. */
  stoppable: boolean;
  /** Why there is none. */
  problem: string;
}

export const modelState: ModelState = $state({ status: "absent", info: null, measured: null, testResult: null, name: "", loading: "", source: null, cached: false, progress: null, stoppable: false, problem: "" });
