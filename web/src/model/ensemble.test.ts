import { expect, it } from "vitest";
import type { EvaluatedModel, Evaluation } from "../generated/protocol";
import { ensembleGains } from "./ensemble";

const model = (top1: number, top5: number) => ({ top1, top5 }) as EvaluatedModel;
const evaluation = (top1: number, top5: number, ...models: EvaluatedModel[]) => ({ top1, top5, models }) as Evaluation;

it("says what averages are worth as the table has it, for better or for worse", () => {
  const small = evaluation(0.41933, 0.67467, model(0.3925, 0.6568), model(0.3985, 0.6592), model(0.3905, 0.651));
  const all = evaluation(0.43533, 0.693, model(0.43683, 0.69217), ...(small.models ?? []));
  expect(ensembleGains(all, small)).toEqual([
    "The average of networks 2 to 4, compared with the best of them: top-1 error 2.0 points lower, top-5 error 1.6 points lower.",
    "The average of all 4, compared with the shipped network: top-1 error 0.2 points higher, top-5 error 0.1 points lower.",
  ]);
  expect(ensembleGains(evaluation(0.5, 0.8, model(0.5, 0.79)), null)).toEqual(["The average of all 1, compared with the shipped network: the same top-1 error, top-5 error 1.0 points lower."]);
  expect(ensembleGains(null, null)).toEqual([]);
});
