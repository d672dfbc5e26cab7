/** The wasm module of the experiments, and its interface. */
import type { RunReport, RunSpec, Outcome } from "../../generated/protocol";
import type { Progress } from "../shared/fetch";
import type { DatasetInfo, RustMessage } from "../shared/wasm-types";
import { startWasm } from "./start-wasm";
import type { NamedBytes, ShardManifest } from "./wasm-api";

/** What crate/wasm/src/experiments.rs exports: one run at a time. */
export interface WasmExperiments {
  addShards(manifest: ShardManifest, fetchShard: (file: string) => Promise<Uint8Array>): DatasetInfo;
  importData(id: string, files: NamedBytes[]): DatasetInfo;
  start(name: string, settings: Record<string, string>, spec: RunSpec): void;
  /** Computes for a moment; the share of the run that is done. */
  advance(): Promise<number>;
  report(): RunReport;
}

/** What `alexnet_experiments.js` exports. */
export interface ExperimentsModule {
  default(options: { module_or_path: WebAssembly.Module }): Promise<unknown>;
  Experiments: {
    new (): WasmExperiments;
    plan(name: string, settings: Record<string, string>, seeds: Uint32Array, done: RunReport[]): RunSpec[];
    summarise(name: string, settings: Record<string, string>, reports: RunReport[]): Omit<Outcome, "verdict"> & { verdict: RustMessage[] };
  };
}

// Globs, because the files are build outputs: without them the page still builds and says what is missing.
const scripts = import.meta.glob<ExperimentsModule>("../../generated/wasm/alexnet_experiments.js");
const binaries = import.meta.glob<string>("../../generated/wasm/alexnet_experiments_bg.wasm", { query: "?url", import: "default", eager: true });

export const loadExperiments = (report: (progress: Progress) => void): Promise<ExperimentsModule> => startWasm("alexnet_experiments", scripts, binaries, report);
