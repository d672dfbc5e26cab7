// The engine's own speed, through the page's `window.lab.bench`.

/** Milliseconds of calls after the first two, with what the first took and the memory that was needed. */
export async function compute(browser, site, { kind, batch, samples }) {
  // A fresh page: another network's memory must not count.
  const page = await browser.newPage();
  await page.goto(new URL("?backend=cpu&view=train", site).href);
  await page.waitForFunction(() => window.lab?.bench);
  const measured = await page.evaluate(async ({ kind, batch, samples }) => {
    const { bench } = window.lab;
    await bench.prepare(kind, batch);
    const first = await bench[kind](batch);
    await bench[kind](batch);
    const times = [];
    for (let i = 0; i < samples; i++) times.push(await bench[kind](batch));
    return { first, times, ...(await bench.memory()) };
  }, { kind, batch, samples });
  await page.close();
  return measured;
}
