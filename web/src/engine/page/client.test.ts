import { beforeEach, expect, it, vi } from "vitest";
import type { Remote } from "comlink";
import { errorText, message } from "../../errors/message";
import type { Backend } from "../../generated/protocol";
import { Client, Interrupted, type ClientEvents, type Connection } from "./client";
import type { WorkerApi, WorkerEvent } from "../shared/protocol";

/** A worker that boots as it is told and answers `step` when it is told. */
class FakeWorker implements Connection {
  backend: Backend | undefined;
  ended = false;
  events: { told(event: WorkerEvent): void; failed(reason: string): void } | undefined;
  answers: ((value: number) => void)[] = [];
  remote = {
    boot: async (backend: Backend) => {
      this.backend = backend;
      if (silent) return new Promise(() => undefined);
      if (refuses.has(backend)) throw new Error(`${backend} refused.`);
      return { version: "1", backend: backend === "auto" ? "webgpu" : backend, device: "", reason: message("engine.reasonGpu"), software: false, features: [], unexpected: false };
    },
    memory: () => new Promise<number>((answer) => this.answers.push(answer)),
  } as unknown as Remote<WorkerApi>;
  listen(events: FakeWorker["events"]) {
    this.events = events;
  }
  end() {
    this.ended = true;
  }
}

let workers: FakeWorker[] = [];
const refuses = new Set<Backend>();
/** Workers never answer. */
let silent = false;
let events: { [K in keyof ClientEvents]: ReturnType<typeof vi.fn> };

function client(wanted: Backend): Client {
  events = { starting: vi.fn(), ready: vi.fn(), progress: vi.fn(), replaced: vi.fn(), failed: vi.fn(), restore: vi.fn(async () => undefined) };
  return new Client(() => workers[workers.push(new FakeWorker()) - 1] as FakeWorker, () => wanted, () => "http://localhost/", events as unknown as ClientEvents);
}

beforeEach(() => {
  workers = [];
  refuses.clear();
  silent = false;
});

it("starts one worker, however often it is asked", async () => {
  const lab = client("auto");
  const [a, b] = await Promise.all([lab.start(), lab.start()]);
  expect(a).toBe(b);
  expect(workers.map(({ backend }) => backend)).toEqual(["auto"]);
  expect(events.ready).toHaveBeenCalledOnce();
});

it("goes to the CPU where WebGPU does not start, and says why", async () => {
  refuses.add("webgpu");
  const info = await client("webgpu").start();
  expect(info.backend).toBe("cpu");
  expect(errorText(info.reason)).toBe("WebGPU did not start (webgpu refused), so the page computes on the CPU.");
  expect(workers.map(({ ended }) => ended)).toEqual([true, false]);
});

it("can be started again after it failed, with what the worker before held", async () => {
  refuses.add("cpu");
  const lab = client("cpu");
  await expect(lab.start()).rejects.toThrow("cpu refused.");
  await expect(lab.retry()).rejects.toThrow("cpu refused.");
  refuses.clear();
  expect((await lab.retry()).backend).toBe("cpu");
  expect(events.restore).not.toHaveBeenCalled();
  // One that runs is left alone.
  await lab.retry();
  expect(workers).toHaveLength(3);
  for (let i = 0; i < 5; i++) {
    workers.at(-1)?.events?.failed("out of memory");
    await lab.start().catch(() => undefined);
  }
  await expect(lab.start()).rejects.toThrow("out of memory");
  events.restore.mockClear();
  expect((await lab.retry()).backend).toBe("cpu");
  expect(events.restore).toHaveBeenCalledOnce();
});

it("rejects with the worker's sentence where nothing starts", async () => {
  refuses.add("cpu");
  const lab = client("cpu");
  await expect(lab.start()).rejects.toThrow("cpu refused.");
  await expect(lab.call((remote) => remote.memory())).rejects.toThrow("cpu refused.");
  expect(events.failed).toHaveBeenCalledOnce();
});

it("replaces a dead worker on the CPU, restores it first, and interrupts only calls in flight", async () => {
  const lab = client("auto");
  await lab.start();
  const inFlight = lab.call((remote) => remote.memory());
  await vi.waitFor(() => expect(workers[0]?.answers).toHaveLength(1));
  workers[0]?.events?.told({ event: "died", reason: "the GPU was lost" });
  await expect(inFlight).rejects.toBeInstanceOf(Interrupted);
  expect(events.replaced).toHaveBeenCalledWith("the GPU was lost", expect.objectContaining({ backend: "webgpu" }));

  const next = lab.call((remote) => remote.memory());
  await vi.waitFor(() => expect(workers[1]?.answers).toHaveLength(1));
  expect(events.restore).toHaveBeenCalledWith(workers[1]?.remote);
  workers[1]?.answers[0]?.(7);
  expect(await next).toBe(7);
  expect(workers.map(({ backend, ended }) => [backend, ended])).toEqual([["auto", true], ["cpu", false]]);
  const reason = "WebGPU stopped (the GPU was lost), so the page computes on the CPU.";
  expect(errorText((await lab.start()).reason)).toBe(reason);
  // What it died of the second time has nothing to do with the GPU.
  workers[1]?.events?.told({ event: "died", reason: "unreachable" });
  expect(errorText((await lab.start()).reason)).toBe(reason);
});

it("hears a death only once", async () => {
  const lab = client("auto");
  await lab.start();
  workers[0]?.events?.failed("unreachable");
  workers[0]?.events?.told({ event: "died", reason: "unreachable" });
  await lab.call(async () => undefined);
  expect(workers).toHaveLength(2);
});

it("gives up in the end, with a sentence", async () => {
  const lab = client("cpu");
  for (let i = 0; i < 5; i++) {
    await lab.start();
    workers.at(-1)?.events?.failed("unreachable");
  }
  await expect(lab.start()).rejects.toThrow("The program that computes stopped 5 times (unreachable): reload the page to continue from the last saved step.");
  await vi.waitFor(() => expect(events.failed).toHaveBeenCalledOnce());
});

it("announces no failure where a worker dies while it is being restored: the next one follows", async () => {
  const lab = client("auto");
  await lab.start();
  events.restore.mockImplementationOnce(() => new Promise(() => undefined));
  workers[0]?.events?.told({ event: "died", reason: "the GPU was lost" });
  await vi.waitFor(() => expect(events.restore).toHaveBeenCalledOnce());
  const early = lab.call(async () => 1);
  workers[1]?.events?.told({ event: "died", reason: "unreachable" });
  await expect(early).rejects.toBeInstanceOf(Interrupted);
  expect(await lab.call(async () => 2)).toBe(2);
  expect(events.restore).toHaveBeenCalledTimes(2);
  expect(events.failed).not.toHaveBeenCalled();
});

it("says so where the next worker does not start, and calls then fail for good", async () => {
  const lab = client("auto");
  await lab.start();
  silent = true;
  workers[0]?.events?.told({ event: "died", reason: "the GPU was lost" });
  workers[1]?.events?.failed("its script could not be loaded");
  const failure = expect.objectContaining({ message: "The program that computes did not start (its script could not be loaded): reload the page." });
  await vi.waitFor(() => expect(events.failed.mock.calls).toEqual([[failure]]));
  const call = lab.call((remote) => remote.memory());
  await expect(call).rejects.toEqual(failure);
  // Whoever is interrupted may try again at once: this must not be tried for ever.
  await expect(call).rejects.not.toBeInstanceOf(Interrupted);
});

it("gives the reason of a GPU that was lost before it had started", async () => {
  silent = true;
  const lab = client("webgpu");
  const info = lab.start();
  silent = false;
  workers[0]?.events?.told({ event: "died", reason: "the GPU was lost" });
  expect(errorText((await info).reason)).toBe("WebGPU did not start (the GPU was lost), so the page computes on the CPU.");
});
