import { expect, test } from "vitest";
import { DEFAULT_OPTIONS } from "../../generated/protocol";
import type { Connection } from "./client";
import { ArrayPort } from "../worker/port";
import { startModelParallel } from "./model-parallel";

test("a line gives what came in the order in which it came, early or late", async () => {
  const { port1, port2 } = new MessageChannel();
  const [left, right] = [new ArrayPort(port1), new ArrayPort(port2)];
  const early = left.exchange(Float32Array.of(1));
  expect(await right.exchange(Float32Array.of(2))).toEqual(Float32Array.of(1));
  expect(await early).toEqual(Float32Array.of(2));
  const both = Promise.all([left.exchange(Float32Array.of(3, 4)), right.exchange(Float32Array.of(5))]);
  expect(await both).toEqual([Float32Array.of(5), Float32Array.of(3, 4)]);
  for (const port of [port1, port2]) port.close();
});

/** Three workers whose steps never end. */
function workers() {
  const all: { fail: (reason: string) => void; ended: boolean }[] = [];
  const connect = (): Connection => {
    const worker = { fail: (_reason: string) => undefined as void, ended: false };
    all.push(worker);
    const answers = { boot: {}, configureGroup: { step: 0 }, configure: { step: 0 } } as Record<string, unknown>;
    const call = (name: string) => () => (name === "stepGroup" ? new Promise(() => undefined) : Promise.resolve(answers[name]));
    return {
      remote: new Proxy({}, { get: (_, name) => (name === "then" ? undefined : call(String(name))) }) as Connection["remote"],
      listen: ({ failed }) => (worker.fail = failed),
      end: () => (worker.ended = true),
    };
  };
  return { all, connect };
}

test("when one worker dies the other does not wait for ever, and all are ended", async () => {
  const { all, connect } = workers();
  const run = await startModelParallel(connect, { ...DEFAULT_OPTIONS, network: "alexnet-2012-32" }, "http://localhost/", undefined);
  const step = run.step();
  all[1]?.fail("its memory is full.");
  await expect(step).rejects.toThrow("The two groups stopped (its memory is full): start them again.");
  expect(all.map(({ ended }) => ended)).toEqual([true, true, true]);
});
