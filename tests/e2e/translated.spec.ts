import type { Page } from "@playwright/test";
import { expect, open, SMALL, step, test, value } from "./support/lab";

/** What Google's translator does to a page: each text becomes two nested `<font>` elements. New text too. */
async function translate(page: Page): Promise<void> {
  await page.evaluate(() => {
    const translate = (root: Node) => {
      const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
      const texts: Text[] = [];
      while (walker.nextNode()) texts.push(walker.currentNode as Text);
      for (const text of texts) {
        if (!text.data.trim() || text.parentElement?.closest("font, script, style, [translate=no]")) continue;
        const [outer, inner] = [document.createElement("font"), document.createElement("font")];
        inner.textContent = text.data;
        outer.append(inner);
        text.replaceWith(outer);
      }
    };
    translate(document.body);
    new MutationObserver((records) => {
      for (const { addedNodes } of records) for (const node of addedNodes) if (node.isConnected) translate(node.parentNode ?? node);
    }).observe(document.body, { childList: true, subtree: true });
  });
  await expect.poll(() => page.locator("font").count()).toBeGreaterThan(10);
}

test("a translated page still shows the answer to each photo", async ({ page }) => {
  await open(page, { view: "classify" });
  const caption = page.locator("figure.photo figcaption");
  let before = "";
  for (const sample of [0, 1, 2]) {
    await page.getByTestId("sample").nth(sample).click();
    await expect(caption).not.toHaveText(before);
    await expect(page.getByTestId("prediction")).toHaveCount(5);
    before = (await caption.textContent()) ?? "";
    if (sample === 0) await translate(page);
    const shown = () =>
      page.evaluate(() => {
        const best = document.querySelector<HTMLElement>('[data-testid="prediction"]');
        const text = (selector: string, within: ParentNode | null) => within?.querySelector(selector)?.textContent?.trim().toLowerCase() ?? "";
        const name = text(".label", best);
        const share = Number.parseFloat(text(".share", best)) / 100;
        return { named: name !== "" && text('[data-testid="verdict"]', document).includes(name), shareFits: Math.abs(share - Number(best?.dataset["probability"])) < 0.006 };
      });
    await expect.poll(shown).toEqual({ named: true, shareFits: true });
  }
});

test("a translated page still counts steps", async ({ page }) => {
  await open(page, SMALL);
  await translate(page);
  await step(page);
  await step(page);
  await expect(page.getByTestId("steps")).toContainText("2");
  const loss = await value(page, "loss");
  await expect(page.getByTestId("loss")).toContainText(String(Math.floor(loss)));
});
