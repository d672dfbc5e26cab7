import { expect, it } from "vitest";
import { fromResults, toResults } from "./results";
import type { EvaluationResult, Project, ProjectRun } from "./types";

const project: Project = { id: "p", name: "Mugs", created: 1, changed: 1, classes: [{ id: "a", name: "mug/cup" }, { id: "b", name: "pen" }], plan: { start: "shipped", headEpochs: 3, allEpochs: 0 } };
const run = { step: 9, options: { epochs: 3 }, viewState: { history: 1 }, classes: ["a", "b"] } as unknown as ProjectRun;
const evaluation: EvaluationResult = {
  classes: ["a", "b"],
  step: 9,
  stages: [{ stage: "head", accuracy: 0.5, seconds: 2, steps: 9 }],
  predictions: [{ picture: "p/a/h1", label: 0, top: [{ index: 0, label: "mug/cup", probability: 1 }] }, { picture: "p/b/h2", label: 1, top: [] }],
};

it("carries what was found out to a project with other ids", () => {
  const packed = JSON.parse(JSON.stringify(toResults(project, run, evaluation)));
  expect(packed).toMatchObject({ classes: ["mug_cup", "pen"], kept: { history: 1 }, options: { epochs: 3 } });
  const back = fromResults(packed, "q", new Map([["mug_cup", "x"], ["pen", "y"]]));
  expect(back).toEqual({ ...evaluation, classes: ["x", "y"], predictions: [{ ...evaluation.predictions[0], picture: "q/x/h1" }, { ...evaluation.predictions[1], picture: "q/y/h2" }] });
});

it("takes nothing from an archive that says nothing, or not so", () => {
  for (const results of [null, undefined, {}, { step: 3, stages: [], classes: [], judged: [] }, { step: "3", stages: 1, classes: "", judged: null }]) {
    expect(fromResults(results as never, "q", new Map())).toBeNull();
  }
  const odd = { ...evaluation, judged: [null, { picture: 3 }, { picture: "a/h1", label: 0, top: [] }] };
  expect(fromResults(odd as never, "q", new Map([["a", "x"]]))?.predictions).toEqual([{ picture: "q/x/h1", label: 0, top: [] }]);
});
