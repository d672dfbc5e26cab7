/** Figures with their units, and names of curves and pictures, as the page writes them. */
import type { Unit } from "../../../generated/protocol";
import { fixed, percent, plain, whole } from "../../../i18n/format";
import { t } from "../../../i18n/index.svelte";

/** Three significant digits. */
export const short = (value: number): string => (Number.isFinite(value) ? plain(Number(value.toPrecision(3))) : "–");

/** A figure with its unit: `0.375` is “37.5%”, `0.014` points are “1.4 points”. */
export function figureText(value: number, unit: Unit): string {
  if (!Number.isFinite(value)) return "–";
  switch (unit) {
    case "percent":
      return percent(value);
    case "points":
      return t.learn.figurePoints({ value: fixed(value * 100, 1) });
    case "times":
      return t.learn.figureTimes({ value: short(value) });
    case "count":
      return whole(value);
    case "number":
      return short(value);
  }
}

const CURVES: Readonly<Record<string, () => string>> = {
  trainError: () => t.learn.curveTrainError(),
  valError: () => t.learn.curveValError(),
  testError: () => t.learn.curveTestError(),
  trainLoss: () => t.learn.curveTrainLoss(),
  valLoss: () => t.learn.curveValLoss(),
  gap: () => t.learn.curveGap(),
  scaledError: () => t.learn.curveScaledError(),
  arithmeticError: () => t.learn.curveArithmeticError(),
  thinnedError: () => t.learn.curveThinnedError(),
  sampledError: () => t.learn.curveSampledError(),
  oneError: () => t.learn.curveOneError(),
  ensembleError: () => t.learn.curveEnsembleError(),
  difference: () => t.learn.valueDifference(),
  spread: () => t.learn.valueSpread(),
  relative: () => t.learn.valueRelative(),
  agreement: () => t.learn.pictureAgreement(),
  factor: () => t.learn.valueFactor(),
  factorLow: () => t.learn.valueFactorLow(),
  factorHigh: () => t.learn.valueFactorHigh(),
  stepFactor: () => t.learn.valueStepFactor(),
  worse: () => t.learn.valueWorse(),
  networks: () => t.learn.valueNetworks(),
  geometricToScaled: () => t.learn.valueGeometricToScaled(),
  arithmeticToScaled: () => t.learn.valueArithmeticToScaled(),
  epochsToThreshold: () => t.learn.valueEpochsToThreshold(),
  gapClosed: () => t.learn.valueGapClosed(),
  gapClosedSpread: () => t.learn.valueGapClosedSpread(),
  testErrorSaved: () => t.learn.valueTestErrorSaved(),
  testErrorSavedSpread: () => t.learn.valueTestErrorSavedSpread(),
  colourDifference: () => t.learn.valueColourDifference(),
  lowerShare: () => t.learn.valueLowerShare(),
  higherShare: () => t.learn.valueHigherShare(),
  bytesExchanged: () => t.learn.valueBytesExchanged(),
  bytesSplitBatch: () => t.learn.valueBytesSplitBatch(),
  samplesToMatch: () => t.learn.valueSamplesToMatch(),
  unscaledError: () => t.learn.curveUnscaledError(),
  removalCost: () => t.learn.valueRemovalCost(),
  removalTimes: () => t.learn.valueRemovalTimes(),
  sigmoidShrink: () => t.learn.valueSigmoidShrink(),
  reluShrink: () => t.learn.valueReluShrink(),
  activationFactor: () => t.learn.valueActivationFactor(),
  activationWith: () => t.learn.valueActivationWith(),
  activationWithout: () => t.learn.valueActivationWithout(),
  activation: () => t.learn.valueActivation(),
  silent: () => t.learn.valueSilent(),
  dead: () => t.learn.valueDead(),
  saturated: () => t.learn.valueSaturated(),
  gradientRatio: () => t.learn.valueGradientRatio(),
};

/** What a curve shows. Names that the page does not know stay as they are, as those of arms do. */
export const curveName = (name: string): string => CURVES[name]?.() ?? name;

const PICTURES: Readonly<Record<string, () => string>> = {
  features: () => t.learn.pictureFeatures(),
  filters: () => t.learn.pictureFilters(),
  reconstructions: () => t.learn.pictureReconstructions(),
  inputs: () => t.learn.pictureInputs(),
  activations: () => t.learn.pictureActivations(),
  preActivations: () => t.learn.picturePreActivations(),
  gradients: () => t.learn.pictureGradients(),
  removedUnit: () => t.learn.pictureRemovedUnit(),
  agreement: () => t.learn.pictureAgreement(),
  layerGradients: () => t.learn.pictureLayerGradients(),
  layerSaturated: () => t.learn.pictureLayerSaturated(),
  layerDead: () => t.learn.pictureLayerDead(),
};

/** What a picture shows. */
export const pictureName = (name: string): string => PICTURES[name]?.() ?? name;
