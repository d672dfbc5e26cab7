/** Files of an experiment: curves as CSV, everything as JSON, the figure as SVG. */
import type { ExperimentOutcome } from "../../../engine/shared/experiments";
import type { Job } from "../../../engine/page/experiments/api";
import { errorText } from "../../../errors/message";
import type { Experiment, RunReport } from "../../../generated/protocol";
import { experimentText } from "../../../i18n/experiments";

const quoted = (value: string): string => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
const cell = (value: string | number | undefined): string => (value === undefined ? "" : quoted(typeof value === "number" ? (Number.isFinite(value) ? String(value) : "NaN") : value));

/** Every point of every curve, a row each. */
export function curvesCsv(reports: readonly RunReport[]): string {
  const rows = reports.flatMap(({ spec, curves }) =>
    curves.flatMap(({ name, x, y }) => x.map((value, i) => [spec.arm, spec.seed, spec.stage, spec.learningRate, name, value, y[i] ?? Number.NaN].map(cell).join(","))),
  );
  return ["arm,seed,stage,learning_rate,curve,x,y", ...rows, ""].join("\n");
}

/** Runs and outcome, with the same names as `alexnet experiment --json` has. Not-a-number becomes null. */
export function runsJson(experiment: Experiment, job: Job, predicted: string | undefined, reports: readonly RunReport[], outcome: ExperimentOutcome | null): string {
  return `${JSON.stringify(
    {
      experiment: experiment.name,
      claim: experimentText(experiment.name, "claim"),
      source: experiment.source,
      settings: job.settings,
      seeds: job.seeds,
      ...(job.images === "" ? {} : { images: job.images }),
      predicted: predicted ?? null,
      result: outcome && { ...outcome, verdict: outcome.verdict.map(({ code, params }) => ({ code, params })), words: outcome.verdict.map(errorText) },
      published: experiment.published.map(({ name, value, unit }) => ({ name, text: experimentText(experiment.name, "published", name), value, unit })),
      runs: reports.map(({ spec, values, curves }) => ({ ...spec, values, curves })),
    },
    null,
    2,
  )}\n`;
}

const COPIED = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "opacity", "font-family", "font-size", "font-weight", "text-anchor", "paint-order"] as const;

/** A drawing as a file of its own: what the style sheet says is written into its elements. */
export function svgFile(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const [originals, copies] = [svg, copy].map((root) => [root, ...root.querySelectorAll("*")]);
  originals?.forEach((original, i) => {
    const style = getComputedStyle(original);
    for (const name of COPIED) copies?.[i]?.setAttribute(name, style.getPropertyValue(name));
    copies?.[i]?.removeAttribute("class");
  });
  const { width, height } = svg.viewBox.baseVal;
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of Object.entries({ width, height, fill: getComputedStyle(document.body).backgroundColor })) ground.setAttribute(name, String(value));
  copy.prepend(ground);
  return new XMLSerializer().serializeToString(copy);
}
