import { expect, it } from "vitest";
import { wrongViewMessage } from "./file-kind";

it.each([
  ["net.safetensors", "This is a network's file, not a photo: drop it on Models."],
  ["alexnet-owt-7be5be79.PTH", "This is a network's file, not a photo: drop it on Models."],
  ["mine.alexnet", "This is a network's file, not a photo: drop it on Models."],
  ["garden.zip", "This is an archive, not a photo: drop it on Your pictures, which takes projects and pictures in folders."],
  ["photo.jpg", null],
  ["photo", null],
])("Classify is no place for %s: %s", (name, sentence) => {
  expect(wrongViewMessage(name, "classify")).toBe(sentence);
});

it.each([
  ["garden.zip", "This is an archive, not a network: drop projects and pictures in folders on Your pictures, and unpack any other."],
  ["photo.jpeg", "This is a picture, not a network: drop it on Classify."],
  ["net.safetensors", null],
])("Models is no place for %s: %s", (name, sentence) => {
  expect(wrongViewMessage(name, "models")).toBe(sentence);
});

it("no view takes ONNX", () => {
  const sentence = "ONNX files are written here, not read: bring the network as safetensors, PyTorch's .pth or .alexnet.";
  for (const view of ["classify", "studio", "models"] as const) expect(wrongViewMessage("net.onnx", view)).toBe(sentence);
});
