import { afterEach, expect, it } from "vitest";
import shipped from "../../public/models/tiny-imagenet-200.json";
import { className, classNames } from "./class-name";
import { setLanguage } from "./index.svelte";

afterEach(() => setLanguage("en"));

const network = { labels: shipped.map(({ name }) => name), ids: shipped.map(({ id }) => id) };

it("translates the classes of the shipped networks", async () => {
  expect(classNames(network)).toEqual(network.labels);
  await setLanguage("de");
  expect(className("goldfish", network)).toBe("Goldfisch");
  await setLanguage("zh");
  expect(className("goldfish", network)).toBe("金鱼");
  expect(classNames(network).filter((name, i) => name === network.labels[i])).toEqual(["iPod"]);
});

it("translates Fashion-MNIST's ten", async () => {
  await setLanguage("es");
  const labels = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];
  expect(className("Trouser", { labels })).toBe("pantalón");
  expect(className("Trouser", { labels: labels.slice(1) })).toBe("Trouser");
});

it("leaves a visitor's own classes as they are, whatever they are called", async () => {
  await setLanguage("de");
  expect(className("goldfish", { labels: ["goldfish", "lemon"], ids: ["goldfish", "lemon"] })).toBe("goldfish");
  // ImageNet's thousand hold these classes too: not all of them are in the catalogue, so none is translated.
  expect(className("goldfish", { labels: ["goldfish", "tench"], ids: ["n01443537", "n01440764"] })).toBe("goldfish");
  expect(className("goldfish", null)).toBe("goldfish");
});

it("has the English names that the networks have", async () => {
  const { default: english } = await import("../../messages/en/classes.json");
  expect(Object.fromEntries(shipped.map(({ id }) => [id, english[id as keyof typeof english]]))).toEqual(Object.fromEntries(shipped.map(({ id, name }) => [id, name])));
});
