import { beforeEach, expect, it, vi } from "vitest";
import type { Remote } from "comlink";
import type { ModelInfo } from "../generated/protocol";
import { modelState } from "../state/model.svelte";
import type { Client } from "./client";
import { Models } from "./models";
import type { WorkerApi } from "./protocol";

const info = { classes: 2 } as unknown as ModelInfo;
const importFile = vi.fn(async () => info);
const remote = { importFile } as unknown as Remote<WorkerApi>;
const client = { call: (task: (worker: typeof remote) => unknown) => task(remote) } as unknown as Client;
const models = () => new Models(client, () => "http://localhost/", () => "");

beforeEach(() => {
  Object.assign(modelState, { status: "absent", info: null, name: "", source: null, progress: null, problem: "" });
});

it("gives a fresh worker the model in use", async () => {
  const own = models();
  await own.restore(remote);
  expect(importFile).not.toHaveBeenCalled();
  await own.import(new Blob(["weights"]), "mine");
  importFile.mockClear();
  await own.restore(remote);
  expect(importFile).toHaveBeenCalledOnce();
  expect(modelState).toMatchObject({ status: "ready", info, name: "mine" });
});

it("has no model any more where a fresh worker cannot be given it", async () => {
  const own = models();
  await own.import(new Blob(["weights"]), "mine");
  importFile.mockRejectedValueOnce(new Error("The model could not be fetched: check the connection."));
  await expect(own.restore(remote)).rejects.toThrow("check the connection");
  expect(modelState).toMatchObject({ status: "failed", info: null, problem: "The model could not be fetched: check the connection." });
});
