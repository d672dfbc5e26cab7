import { expect, it } from "vitest";
import { errorText } from "../errors/message";
import { wrongViewMessage } from "./file-kind";
import type { View } from "./url";

const text = (name: string, view: View) => {
  const said = wrongViewMessage(name, view);
  return said && errorText(said);
};

it.each([
  ["net.safetensors", "This is a network's file, not a photo: drop it on Models."],
  ["alexnet-owt-7be5be79.PTH", "This is a network's file, not a photo: drop it on Models."],
  ["mine.alexnet", "This is a network's file, not a photo: drop it on Models."],
  ["garden.zip", "This is an archive, not a photo: drop it on Your pictures, which takes projects and pictures in folders."],
  ["photo.jpg", null],
  ["photo", null],
])("Classify does not take %s: %s", (name, sentence) => {
  expect(text(name, "classify")).toBe(sentence);
});

it.each([
  ["garden.zip", "This is an archive, not a network. Projects and pictures in folders belong on Your pictures; unpack any other archive."],
  ["photo.jpeg", "This is a picture, not a network: drop it on Classify."],
  ["net.safetensors", null],
])("Models does not take %s: %s", (name, sentence) => {
  expect(text(name, "models")).toBe(sentence);
});

it("no view takes ONNX", () => {
  const sentence = "This page writes ONNX files but does not read them: import the network as .safetensors, .pth (PyTorch) or .alexnet.";
  for (const view of ["classify", "studio", "models"] as const) expect(text("net.onnx", view)).toBe(sentence);
});
