import { beforeEach, describe, expect, it, vi } from "vitest";
import { fakeWorkers, report, spec } from "./fake-worker";
import { jobKey, Pool, poolSize, type Job } from "./pool";
import { ExperimentRun } from "./run.svelte";
import { forgetSpeeds, keepSpeed, knownSpeed, seconds } from "./speed";

const JOB: Job = { name: "relu", settings: { inputs: "raw" }, seeds: [1, 2], images: "" };

function lab(options: Parameters<typeof fakeWorkers>[0] = {}, job = JOB, workers = 2) {
  const fake = fakeWorkers(options);
  const pool = new Pool({ connect: fake.connect, base: () => "http://localhost/", imported: (id) => (id === "mine" ? { choice: { id } as never, files: [] } : undefined) }, workers);
  let clock = 0;
  const run = new ExperimentRun(job, "images", pool, { now: () => clock });
  return { fake, pool, run, pass: (milliseconds: number) => (clock += milliseconds) };
}

beforeEach(() => forgetSpeeds());

describe("the pool", () => {
  it("leaves one processor to the page, and has one to four workers", () => {
    expect([1, 2, 4, 16].map((processors) => poolSize(processors))).toEqual([1, 1, 3, 4]);
  });

  it("tells jobs apart by what their result depends on, whatever the order of the settings", () => {
    const job = { ...JOB, settings: { a: "1", b: "2" } };
    expect(jobKey(job)).toBe(jobKey({ ...JOB, settings: { b: "2", a: "1" } }));
    for (const other of [{ name: "depth" }, { settings: { a: "2", b: "2" } }, { seeds: [2, 1] }, { images: "cifar-10" }]) expect(jobKey({ ...job, ...other })).not.toBe(jobKey(job));
  });
});

describe("a run", () => {
  it("is planned, computed by two workers, planned again and summarised in the order of the plan", async () => {
    const { fake, run } = lab();
    const ended = run.start();
    await vi.waitFor(() => expect(fake.waiting()).toHaveLength(2));
    expect(run.phase).toBe("running");
    fake.say({ event: "report", report: report(spec("a", 2), 0.5) });
    expect(run.reports.map(({ done }) => done)).toEqual([0.5]);
    // The run that was started last ends first.
    fake.finish(1);
    await vi.waitFor(() => expect(fake.waiting()).toHaveLength(2));
    while (run.phase === "running") {
      fake.finish(1);
      await new Promise((later) => setTimeout(later));
    }
    await ended;
    expect(run.phase).toBe("done");
    expect(run.outcome?.value).toBe(6);
    expect(fake.calls.at(-1)).toBe("summarise a1 a2 b1 b2");
    expect(run.reports.map(({ spec: { arm, seed } }) => `${arm}${seed}`)).toEqual(["a1", "a2", "b1", "b2"]);
    expect(run.share).toBe(1);
    // Pictures stay for the page though plans and summaries do without.
    expect(run.reports[0]?.pictures).toHaveLength(1);
    expect(fake.living).toBe(1);
  });

  it("finds learning rates in a first stage", async () => {
    const { fake, run } = lab({ sweep: true });
    const ended = run.start();
    await vi.waitFor(() => expect(run.sweeping).toBe(true));
    await vi.waitFor(() => expect(fake.waiting()).toHaveLength(1));
    fake.finish();
    await vi.waitFor(() => expect(run.sweeping).toBe(false));
    while (run.phase === "running") {
      fake.finish();
      await new Promise((later) => setTimeout(later));
    }
    await ended;
    expect(fake.calls.filter((call) => call.startsWith("plan"))).toEqual(["plan 0", "plan 1", "plan 5"]);
  });

  it("pauses and resumes every worker, and a pause takes no time", async () => {
    const { fake, run, pass } = lab();
    keepSpeed("images", 1);
    void run.start();
    await vi.waitFor(() => expect(fake.waiting()).toHaveLength(2));
    pass(1000);
    await run.pause();
    expect(run.phase).toBe("paused");
    const left = run.left;
    pass(60_000);
    await run.resume();
    fake.say({ event: "report", report: report(spec("b", 2), 0) });
    expect(fake.calls.filter((call) => call === "pause" || call === "resume")).toEqual(["pause", "pause", "resume", "resume"]);
    expect(Math.abs(run.left - left)).toBeLessThan(5);
    run.stop();
  });

  it("keeps finished runs when it is stopped, and continues with the rest", async () => {
    const { fake, run } = lab({}, JOB, 1);
    void run.start();
    await vi.waitFor(() => expect(fake.waiting()).toHaveLength(1));
    fake.finish();
    await vi.waitFor(() => expect(fake.waiting()).toHaveLength(1));
    run.stop();
    expect(run.phase).toBe("stopped");
    await vi.waitFor(() => expect(fake.living).toBe(0));
    const ended = run.start();
    await vi.waitFor(() => expect(fake.calls).toContain("plan 1"));
    while (run.phase === "running") {
      fake.finish();
      await new Promise((later) => setTimeout(later));
    }
    await ended;
    expect(run.phase).toBe("done");
    expect(fake.calls.filter((call) => call === "run a1")).toHaveLength(1);
  });

  it("computes all again from the same seeds when it is asked to", async () => {
    const { fake, run } = lab({}, { ...JOB, seeds: [7] });
    const drive = async (ended: Promise<void>) => {
      while (run.phase === "running") {
        fake.finish();
        await new Promise((later) => setTimeout(later));
      }
      await ended;
    };
    await drive(run.start());
    await drive(run.again());
    expect(fake.calls.filter((call) => call === "run a7")).toHaveLength(2);
  });

  it("begins a run again on another worker when one ends, and gives up when that goes on", async () => {
    const { fake, run } = lab({}, { ...JOB, seeds: [1] }, 1);
    void run.start();
    for (let deaths = 0; deaths < 4; deaths++) {
      const runs = () => fake.calls.filter((call) => call === "run a1").length;
      await vi.waitFor(() => expect(runs()).toBe(deaths + 1));
      fake.say({ event: "died", reason: "out of memory" });
    }
    await vi.waitFor(() => expect(run.phase).toBe("failed"));
    expect(run.problem).toMatchObject({ code: "engine.engineInterrupted", params: { reason: "out of memory" } });
    // It can be started again.
    void run.start();
    await vi.waitFor(() => expect(run.phase).toBe("running"));
    run.stop();
  });

  it("gives a data set of the visitor to each worker once", async () => {
    const { fake, run } = lab({}, { ...JOB, images: "mine" }, 1);
    const ended = run.start();
    while (run.phase !== "done") {
      fake.finish();
      await new Promise((later) => setTimeout(later));
    }
    await ended;
    expect(fake.calls.filter((call) => call === "register mine")).toHaveLength(1);
    expect(fake.calls).toContain("run a1 mine");
  });
});

describe("the estimate", () => {
  it("is measured where nothing is known, and follows the work and the workers", async () => {
    const { run } = lab({ seconds: 6, speed: 2 });
    // Four runs of six units on two workers, each twice as fast as the reference machine.
    await expect(run.estimate()).resolves.toEqual({ seconds: 6, runs: 4, more: false });
    expect(knownSpeed("images")).toBe(2);
  });

  it("says that more follows where the first stage searches learning rates", async () => {
    await expect(lab({ sweep: true }).run.estimate()).resolves.toMatchObject({ runs: 1, more: true });
  });

  it("is never shorter than the longest run", () => {
    expect(seconds([{ seconds: 9 }, { seconds: 1 }], 1, 4)).toBe(9);
    expect(seconds([{ seconds: 9 }, { seconds: 1 }], 2, 1)).toBe(5);
  });
});

it("carries what went wrong", async () => {
  const pool = new Pool({ connect: () => { throw new Error("no workers here"); }, base: () => "", imported: () => undefined }, 1);
  const run = new ExperimentRun(JOB, "none", pool);
  await run.start();
  expect(run.phase).toBe("failed");
  expect(run.problem).toBe("no workers here");
});
