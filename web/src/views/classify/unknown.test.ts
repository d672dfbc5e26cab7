import { expect, it } from "vitest";
import type { ModelInfo } from "../../generated/protocol";
import { isUnknown } from "./unknown";

const info = (energy?: number) =>
  ({ calibration: { outOfDistribution: energy === undefined ? null : { energy, falseAlarms: 0.05 } } }) as ModelInfo;

it("calls a photo unknown below the model's threshold", () => {
  expect(isUnknown({ energy: 2.9, info: info(3) })).toBe(true);
  expect(isUnknown({ energy: 3, info: info(3) })).toBe(false);
});

it("calls nothing unknown where no threshold was measured", () => {
  expect(isUnknown({ energy: -100, info: info() })).toBe(false);
  expect(isUnknown({ energy: -100, info: { calibration: null } as ModelInfo })).toBe(false);
  expect(isUnknown({ energy: -100, info: null })).toBe(false);
});
