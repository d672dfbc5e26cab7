import { expect, test } from "vitest";
import type { LayerShape, NetworkShape } from "../../generated/protocol";
import { outputSize, outputSizeFormula, sides, size, sketch, totals, towerRows } from "./shapes";

const layer = (changes: Partial<LayerShape>): LayerShape => ({
  name: "conv1", role: "convolution", input: [3, 32, 32], output: [32, 32, 32], kernel: 3, stride: 1, padding: 1, groups: 1,
  parameters: 0, multiplyAdds: 0, outputBytes: 0, parameterBytes: 0, reads: "own", sentBytes: 0, ...changes,
});

const network: NetworkShape = {
  network: "alexnet-2012-32",
  inputSize: 32,
  towers: 2,
  layers: [
    layer({ parameters: 10, multiplyAdds: 300 }),
    layer({ name: "relu1", role: "activation" }),
    layer({ name: "lrn1", role: "response-norm" }),
    layer({ name: "pool1", role: "max-pooling" }),
    layer({ name: "conv2", input: [32, 15, 15], output: [64, 15, 15] }),
    layer({ name: "conv3", input: [64, 7, 7], reads: "both", sentBytes: 6272 }),
    layer({ name: "fc8", role: "fully-connected", input: [256, 1, 1], output: [7, 1, 1], parameters: 30, multiplyAdds: 100, reads: "both", sentBytes: 512 }),
  ],
};

test("224 pixels leave a fraction of a place and 227 do not", () => {
  expect(outputSize(224, 11, 4, 0)).toBe(54.25);
  expect(outputSize(227, 11, 4, 0)).toBe(55);
  expect(outputSizeFormula(227, 11, 4, 0)).toBe("(227 − 11) / 4 + 1 = 55");
  expect(outputSizeFormula(224, 11, 4, 2)).toBe("(224 + 2 × 2 − 11) / 4 + 1 = 55.25");
});

test("shapes and sizes in few characters", () => {
  expect(sides([96, 55, 55])).toBe("96 × 55 × 55");
  expect(sides([4096, 1, 1])).toBe("4,096");
  expect([512, 6272, 86528, 151e6].map(size)).toEqual(["512 B", "6.3 kB", "87 kB", "151 MB"]);
});

test("sums and the share of the fully connected layers", () => {
  const sums = totals(network);
  expect(sums.parameters).toBe(40);
  expect(sums.sentBytes).toBe(6784);
  expect(sums.connected).toEqual({ parameters: 0.75, multiplyAdds: 0.25 });
});

test("the sketch has a column for each layer with weights", () => {
  const columns = sketch({
    network: "alexnet-2012",
    inputSize: 227,
    towers: 2,
    layers: [
      layer({ output: [96, 55, 55], kernel: 11, stride: 4 }),
      layer({ name: "relu1", role: "activation" }),
      layer({ name: "pool1", role: "max-pooling" }),
      layer({ name: "conv2", output: [256, 27, 27], kernel: 5 }),
      layer({ name: "drop6", role: "dropout" }),
      layer({ name: "fc6", role: "fully-connected", output: [4096, 1, 1], kernel: null, stride: null }),
      layer({ name: "relu6", role: "activation" }),
      layer({ name: "fc8", role: "fully-connected", output: [1000, 1, 1], kernel: null, stride: null }),
    ],
  });
  expect(columns.map(({ name, side, amount, how }) => [name, side, amount, how])).toEqual([
    ["conv1", 55, "96 filters", "11 × 11, stride 4, pooled"], ["conv2", 27, "256 filters", "5 × 5"], ["fc6", 1, "4,096 units", "dropout"], ["fc8", 1, "1,000 units", "softmax"],
  ]);
});

test("each row of the towers says what it reads", () => {
  const rows = towerRows(network);
  expect(rows.map(({ name, reads, then }) => [name, reads, then])).toEqual([
    ["conv1", "picture", "normalise, pool"], ["conv2", "own", ""], ["conv3", "both", ""], ["fc8", "both", ""],
  ]);
  expect(rows[1]?.sentence).toBe("32 filters in each tower. Each tower reads only its own 16 maps and sees none of the other tower’s.");
  expect(rows[2]?.sentence).toContain("each card sends its half to the other: 6.3 kB per image");
  expect(rows[3]?.sentence).toContain("7 classes, shared by the towers");
});
