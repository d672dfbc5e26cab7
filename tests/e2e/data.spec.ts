/** Data that the visitor brings. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { cifar, imageFolder, mnist, zip } from "./support/archives";
import { expect, open, pause, reaches, step, test } from "./support/lab";
import type { InputFile } from "./support/pictures";

const OWN = { view: "train", width: 0.25, batchSize: 8, dropout: 0.2, normalization: "batch", learningRate: 0.02, epochs: 40 };

test("a ZIP of folders is learned", async ({ page }) => {
  await open(page, OWN);
  await page.getByTestId("dataset").selectOption("own…");
  await page.getByTestId("data-input").setInputFiles(zip("my pictures.zip", imageFolder(20)));
  await expect(page.getByText("54 training images, 6 validation images, 3 classes.")).toBeVisible();
  await page.getByTestId("start").click();
  await reaches(page, "val-accuracy", 0.99);
  await pause(page);
  await expect(page.getByTestId("watched").first()).toHaveAttribute("data-label", /^(rose|leaf|sky)$/);
});

test("a folder, the official CIFAR-10 archive and MNIST's files are read", async ({ page }) => {
  await open(page, OWN);
  const sets: [files: InputFile[], words: string][] = [
    [[cifar(20)], "40 training images, 20 validation images, 10 classes."],
    [mnist(30), "30 training images, 30 validation images, 3 classes."],
  ];
  for (const [files, words] of sets) {
    await page.getByTestId("dataset").selectOption("own…");
    await page.getByTestId("data-input").setInputFiles(files);
    await expect(page.getByText(words)).toBeVisible();
    await page.evaluate(() => window.lab.reset());
    await step(page);
  }
  const folder = test.info().outputPath("my folder");
  for (const [path, bytes] of Object.entries(imageFolder(4))) {
    await mkdir(join(folder, dirname(path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  await page.getByTestId("dataset").selectOption("own…");
  await page.getByTestId("folder-input").setInputFiles(folder);
  await expect(page.getByText("9 training images, 3 validation images, 3 classes.")).toBeVisible();
  const info = await page.evaluate(() => window.lab.reset());
  expect(info.labels).toEqual(["leaf", "rose", "sky"]);
});
