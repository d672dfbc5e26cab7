import type { Page } from "@playwright/test";
import { expect, open, SMALL, test } from "./support/lab";

/** Losses and accuracies of five steps, the last mask, and a validation. */
const run = (page: Page) =>
  page.evaluate(async () => {
    const steps = [];
    for (let i = 0; i < 5; i++) steps.push(await window.lab.step(1));
    return {
      losses: steps.map(({ loss }) => loss),
      accuracies: steps.map(({ trainAccuracy }) => trainAccuracy),
      mask: [...(await window.lab.mask("fc6")).values],
      filters: [...(await window.lab.engine.filters(0)).values],
      validation: await window.lab.validate(64),
    };
  });

test("the same options give the same bits in two tabs, and another seed gives others", async ({ page, context }) => {
  const options = { ...SMALL, dropout: 0.4, flip: true, shift: 0.1, crop: 0.8, seed: 42 };
  const other = await context.newPage();
  await Promise.all([open(page, options), open(other, options)]);
  const [one, two] = await Promise.all([run(page), run(other)]);
  expect(one.losses).toHaveLength(5);
  expect(new Set(one.losses).size).toBe(5);
  expect(two).toEqual(one);
  await page.evaluate(() => window.lab.configure({ seed: 43 }));
  expect((await run(page)).losses).not.toEqual(one.losses);
});
