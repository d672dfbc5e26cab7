/** What a visitor does until the kill comes, and what the page showed of it. */
import type { Page } from "@playwright/test";
import { imageFolder, zip } from "../e2e/support/archives";
import { expect } from "../e2e/support/lab";
import { BLUE } from "../e2e/support/pictures";
import { counts, epochs, one, things } from "../e2e/support/studio";

/** What the page shows as done at one moment. */
export interface Snapshot {
  /** Milliseconds since 1970. */
  at: number;
  /** Classes in their order. */
  names: string[];
  counts: number[];
  /** Steps of training. */
  step: number;
}

/** The names of one class as the story changes them. */
const RENAMES = ["rose", "Tulip", "Poppy"];

/** Reports what the page shows, 20 times a second. */
export async function watch(page: Page, seen: (snapshot: Snapshot) => void): Promise<void> {
  await page.exposeBinding("seen", (_, snapshot: Snapshot) => seen(snapshot));
  await page.addInitScript(() => {
    setInterval(() => {
      const cards = [...document.querySelectorAll<HTMLElement>('[data-testid="studio-class"]')];
      const status = document.querySelector<HTMLElement>('[data-testid="studio-status"]');
      const snapshot = {
        at: Date.now(),
        names: cards.map((card) => card.dataset["name"] ?? ""),
        counts: cards.map((card) => Number(card.dataset["count"])),
        step: status?.dataset["status"] === "training" ? Number(status.dataset["step"]) : 0,
      };
      (window as unknown as { seen(snapshot: Snapshot): void }).seen(snapshot);
    }, 50);
  });
}

/** Intake, renaming, training, renaming while it trains, export. Never ends by itself. */
export async function live(page: Page): Promise<void> {
  await page.getByTestId("studio-zip").setInputFiles(zip("drawn.zip", imageFolder(12)));
  await counts(page, { leaf: 12, rose: 12, sky: 12 });
  await rename(page, "rose", "Tulip");
  await one(page, "sky").getByTestId("studio-files").setInputFiles(things("more", BLUE, 6));
  await expect(one(page, "sky")).toHaveAttribute("data-count", "18");
  await epochs(page, 400);
  await page.getByTestId("studio-train").click();
  await reached(page, 20);
  await rename(page, "Tulip", "Poppy");
  await page.getByTestId("studio-export").click();
  for (let step = 60; ; step += 40) {
    await reached(page, step);
    await page.getByTestId("studio-pause").click();
    await page.getByTestId("studio-go-on").click();
  }
}

async function rename(page: Page, from: string, to: string): Promise<void> {
  const input = one(page, from).getByTestId("studio-class-name");
  await input.fill(to);
  await input.press("Enter");
  await expect(one(page, to)).toBeVisible();
}

const reached = (page: Page, step: number) =>
  expect.poll(async () => Number(await page.getByTestId("studio-status").getAttribute("data-step")), { timeout: 300_000 }).toBeGreaterThan(step);

/** What a page that was opened again holds. */
export interface Restored { names: string[]; counts: number[]; step: number }

const stage = (names: readonly string[]): number => Math.max(0, ...names.map((name) => RENAMES.indexOf(name)));

/** Whether everything that a snapshot shows is there. */
export function holds({ names, counts, step }: Restored, snapshot: Snapshot): boolean {
  // Before the archive there are two empty classes, which it replaces.
  if (snapshot.names.includes("sky") && !names.includes("sky")) return false;
  const before = snapshot.names.includes("sky") ? snapshot.counts : [];
  return before.every((count, i) => (counts[i] ?? 0) >= count) && stage(names) >= stage(snapshot.names) && step >= snapshot.step;
}
