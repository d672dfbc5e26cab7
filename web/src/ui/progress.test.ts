import { render } from "svelte/server";
import { expect, it } from "vitest";
import Progress from "./Progress.svelte";

it("names a download and says how much of it is here", () => {
  const body = render(Progress, { props: { label: "Loading a model", loaded: 3_000_000, total: 12_000_000 } }).body;
  expect(body).toContain("3.0 MB of 12 MB");
  expect(body).toContain('aria-valuenow="25"');
});

it("draws a share as a bar alone, named for readers of the screen", () => {
  const body = render(Progress, { props: { label: "Progress of the training", share: 0.405 } }).body;
  expect(body).toContain('aria-label="Progress of the training"');
  expect(body).toContain('aria-valuenow="41"');
  expect(body).not.toContain("<span");
});

it("does not claim a share where the total is not known", () => {
  expect(render(Progress, { props: { label: "Loading", total: undefined } }).body).not.toContain("aria-valuenow");
});
