/** Where the lab computes, why, and what happens when that breaks. */
import type { Page } from "@playwright/test";
import { pageUrl, beforeWorker, engine, expect, message, open, pause, reaches, SMALL, step, test } from "./support/lab";

/** The sentence beside the backend's name, which hovering shows. */
async function reason(page: Page): Promise<string> {
  await page.getByTestId("backend").hover();
  const reasonText = page.locator("#backend-reason");
  await expect(reasonText).toBeVisible();
  return reasonText.innerText();
}

test("a software adapter is told apart from a GPU and not preferred to the CPU", async ({ page }) => {
  await open(page, { backend: "auto" });
  await expect(await engine(page, "cpu")).toContainText("CPU");
  expect(await reason(page)).toBe("The WebGPU adapter here is software on the processor, and the CPU backend is faster.");
  const info = await page.evaluate(() => window.lab.info());
  expect(info).toMatchObject({ backend: "cpu", features: ["simd128"] });
  expect(info.version).toMatch(/^\d+\.\d+\.\d+/);
});

test("a browser without WebGPU computes on the CPU and says why", async ({ page }) => {
  await beforeWorker(page, `Object.defineProperty(WorkerNavigator.prototype, "gpu", { value: undefined })`);
  await open(page, { ...SMALL, backend: "webgpu" });
  await engine(page, "cpu");
  const words = "This browser has no WebGPU, so the page computes on the CPU.";
  expect(await reason(page)).toBe(words);
  await expect(message(page, new RegExp(`^${words}$`))).toHaveAttribute("role", "status");
  await step(page);
});

test("a browser that knows WebGPU but has no adapter computes on the CPU and says why", async ({ page }) => {
  await beforeWorker(page, "GPU.prototype.requestAdapter = async () => null");
  await open(page, { backend: "auto" });
  expect(await reason(page)).toBe("This browser has WebGPU but found no GPU that it can use, so the page computes on the CPU.");
});

test("a GPU that does not start leaves the CPU", async ({ page }) => {
  await beforeWorker(page, `GPUAdapter.prototype.requestDevice = () => Promise.reject(new Error("out of order"))`);
  await open(page, { ...SMALL, backend: "webgpu" });
  await engine(page, "cpu");
  await expect(message(page, /^WebGPU did not start \(out of order\), so the page computes on the CPU\.$/)).toBeVisible();
  await step(page);
});

test("a browser without wasm SIMD is told what it lacks", async ({ page }) => {
  await beforeWorker(page, "WebAssembly.validate = () => false");
  await page.goto(pageUrl({ backend: "cpu" }));
  await expect(message(page, /^This browser has no WebAssembly SIMD, which this page needs to compute: use a browser from 2023 or later\.$/)).toHaveCount(1);
  await expect(page.getByTestId("backend")).toContainText("Not running");
});

for (const [when, least] of [["at its beginning", 0], ["after its first saved step", 1]] as const) {
  test(`an engine that dies is replaced, and the run goes on: ${when}`, async ({ page }) => {
    await open(page, SMALL);
    await page.getByTestId("start").click();
    await reaches(page, "steps", 3);
    await expect.poll(() => page.evaluate(async () => (await window.lab.run.saved())?.step ?? 0)).toBeGreaterThanOrEqual(least);
    await page.workers()[0]?.evaluate(() => dispatchEvent(new ErrorEvent("error", { message: "unreachable" })));
    const saved = "continues from step \\d+, the last saved step";
    const outcome = least > 0 ? saved : `(starts again from its initial weights: no step was saved yet|${saved})`;
    await expect(message(page, new RegExp(`^The program that computes stopped \\(unreachable\\)\\. The page now computes on the CPU, and the run ${outcome}\\.$`))).toBeVisible();
    await engine(page, "cpu");
    const before = await page.evaluate(() => window.lab.run.last[0]?.step ?? 0);
    await reaches(page, "steps", before + 2);
    await expect(page.getByTestId("watched"), "what it is looked at for comes again").toHaveCount(6);
    await expect(page.getByTestId("message"), "nothing else is said").toHaveCount(1);
    await pause(page);
  });
}

test("the page's own thread never touches wasm", async ({ page }) => {
  await page.addInitScript(() => {
    const calls: string[] = [];
    Object.assign(globalThis, { wasmCalls: calls });
    for (const name of ["instantiate", "instantiateStreaming", "compile", "compileStreaming", "Instance", "Module", "Memory"] as const) {
      const original = WebAssembly[name] as unknown as (...args: unknown[]) => unknown;
      const record = new Proxy(original, {
        apply: (target, self, args: unknown[]) => (calls.push(name), Reflect.apply(target, self, args)),
        construct: (target, args: unknown[]) => (calls.push(name), Reflect.construct(target, args) as object),
      });
      Object.defineProperty(WebAssembly, name, { value: record });
    }
  });
  await open(page, SMALL);
  await step(page);
  await page.evaluate(() => window.lab.models.ensure());
  expect(await page.evaluate(() => (globalThis as unknown as { wasmCalls: string[] }).wasmCalls)).toEqual([]);
  expect(page.workers()).toHaveLength(1);
});
