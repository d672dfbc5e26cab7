import { expect, it } from "vitest";
import { Queue } from "./queue";

it("runs one task at a time, in the order of asking", async () => {
  const queue = new Queue();
  const log: string[] = [];
  const gates: (() => void)[] = [];
  const task = (name: string) => queue.run(async () => {
    log.push(`${name} begins`);
    await new Promise<void>((open) => gates.push(open));
    log.push(`${name} ends`);
    return name;
  });
  const all = Promise.all([task("a"), task("b"), task("c")]);
  for (let i = 0; i < 3; i++) {
    while (gates.length <= i) await Promise.resolve();
    gates[i]?.();
  }
  expect(await all).toEqual(["a", "b", "c"]);
  expect(log).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
});

it("lets a failure concern only its own caller", async () => {
  const queue = new Queue();
  const failed = queue.run(() => Promise.reject(new Error("broken")));
  const thrown = queue.run(() => { throw new Error("thrown"); });
  const after = queue.run(() => 3);
  await expect(failed).rejects.toThrow("broken");
  await expect(thrown).rejects.toThrow("thrown");
  expect(await after).toBe(3);
});
