import { describe, expect, it } from "vitest";
import { EXPERIMENTS } from "../../../generated/experiments";
import type { Experiment } from "../../../generated/protocol";
import { readCode, settingsHash, tally, writeCode } from "./codes";
import { linkFile, readLinkFile } from "./link-file";

const sixteen = EXPERIMENTS.find(({ name }) => name === "sixteen") as Experiment;
const LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

describe("a pupil's code", () => {
  it("carries every prediction and every result of every experiment", () => {
    for (const experiment of EXPERIMENTS) {
      for (const predicted of [undefined, ...experiment.answers.map(({ name }) => name)]) {
        for (const { name: measured } of experiment.answers) {
          const code = writeCode(experiment, predicted, measured, {});
          expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{5}$/);
          expect(readCode(EXPERIMENTS, code ?? "")).toEqual({ experiment: experiment.name, predicted: predicted ?? null, measured, settings: 0 });
        }
      }
    }
  });

  it("is refused with any one letter wrong", () => {
    const code = writeCode(sixteen, "few", "most", { p: "0.8" }) ?? "";
    for (let i = 0; i < code.length; i++) {
      for (const letter of LETTERS) {
        if (letter === code[i]) continue;
        expect(readCode(EXPERIMENTS, code.slice(0, i) + letter + code.slice(i + 1)), `${letter} at ${i}`).toBeNull();
      }
    }
    for (const other of ["", code.slice(1), `${code}0`, "-----", "ÄÄÄÄÄ"]) expect(readCode(EXPERIMENTS, other)).toBeNull();
  });

  it("is read in small letters, and where O and I stand for 0 and 1", () => {
    const codes = EXPERIMENTS.flatMap((experiment) => experiment.answers.map(({ name }) => writeCode(experiment, name, name, {}) ?? ""));
    for (const code of codes) {
      const typed = code.toLowerCase().replaceAll("0", "o").replaceAll("1", "l");
      expect(readCode(EXPERIMENTS, typed)).toEqual(readCode(EXPERIMENTS, code));
    }
  });

  it("stays the same in later builds: pupils have written it down", () => {
    expect(writeCode({ name: "sixteen", answers: [{ name: "few" }, { name: "most" }, { name: "all" }] }, "few", "most", {})).toBe("4107T");
  });

  it("tells other settings apart", () => {
    expect(settingsHash({})).toBe(0);
    expect(settingsHash({ p: "0.8", hidden: "4" })).toBe(settingsHash({ hidden: "4", p: "0.8" }));
    expect(settingsHash({ p: "0.8" })).not.toBe(settingsHash({ p: "0.2" }));
  });

  it("is counted, with what cannot be read named", () => {
    const code = (predicted: string, changed = {}) => writeCode(sixteen, predicted, "most", changed) ?? "";
    const { counts, wrong } = tally(EXPERIMENTS, `${code("few")}, ${code("most")}\n${code("most").toLowerCase()};  ${code("all", { p: "0.8" })} 12345`);
    expect(wrong).toEqual(["12345"]);
    expect(counts.map(({ settings, total, right }) => [settings > 0, total, right])).toEqual([[false, 3, 2], [true, 1, 0]]);
    expect(Object.fromEntries(counts[0]?.predicted ?? [])).toEqual({ few: 1, most: 2 });
    expect(Object.fromEntries(counts[0]?.measured ?? [])).toEqual({ most: 3 });
  });
});

describe("a link file", () => {
  it("holds a link", () => {
    expect(readLinkFile(linkFile("?view=learn&hide=view-train"))).toBe("?view=learn&hide=view-train");
    expect(readLinkFile(linkFile(""))).toBe("");
  });

  it.each(["", "{", "[]", "null", '{"alexnet-lab":"link"}', '{"alexnet-lab":"link","search":"//example.org"}', '{"alexnet-lab":"project","search":"?a=b"}', `"${"x".repeat(200_000)}"`])("is refused where it is something else", (text) => {
    expect(() => readLinkFile(text)).toThrow(/^This is not a link file of this page/);
  });
});
