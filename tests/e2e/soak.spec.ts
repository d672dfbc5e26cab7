import { expect, open, SMALL, test } from "./support/lab";

test("memory stays flat over 500 steps", async ({ page }) => {
  // One shard: each further one that a run streams in stays as bytes, by design.
  await open(page, SMALL);
  const bytes = await page.evaluate(async () => {
    const { lab } = window;
    const sizes: number[] = [];
    for (let i = 0; i < 5; i++) {
      await lab.step(100);
      await lab.validate(64);
      sizes.push((await lab.bench.memory()).wasmBytes);
    }
    return sizes;
  });
  expect(await page.getByTestId("steps").getAttribute("data-value")).toBe("500");
  const [warm = 0] = bytes;
  expect(warm).toBeGreaterThan(0);
  for (const later of bytes) expect(later, `memory after each 100 steps: ${bytes.join(", ")} bytes`).toBeLessThanOrEqual(1.05 * warm);
});
