import { describe, expect, it } from "vitest";
import { errorText } from "../errors/message";
import { DEFAULT_OPTIONS } from "../generated/protocol";
import { classroomStyle, hiddenControls, NO_CLASSROOM } from "./classroom";
import { formatSeeds, NO_LEARN, nextSeeds, parseSeeds, seedList } from "./learn-url";
import { formatConfiguration, parseConfiguration } from "./url";

const learn = { experiment: "sixteen", path: "ten-minutes", settings: { p: "0.5", hidden: "4" }, seeds: { first: 6, count: 3 }, images: "cifar-10" };
const view = { view: "learn", backend: "auto", lang: "", model: "", options: DEFAULT_OPTIONS, rival: null } as const;

describe("the address of an experiment", () => {
  it("carries everything that the result depends on, there and back", () => {
    const search = formatConfiguration({ ...view, learn });
    expect(search).toBe("?view=learn&path=ten-minutes&experiment=sixteen&set.hidden=4&set.p=0.5&seeds=6-8&images=cifar-10");
    expect(parseConfiguration(search).configuration.learn).toEqual(learn);
  });

  it("is absent from other views, and a stale one is dropped", () => {
    expect(formatConfiguration({ ...view, view: "train", learn })).toBe("?view=train");
    expect(formatConfiguration(view, "?experiment=relu&set.p=0.2&seeds=4&path=x&images=y")).toBe("?view=learn");
    expect(parseConfiguration("").configuration.learn).toEqual(NO_LEARN);
  });

  it.each([["5", { first: 1, count: 5 }], ["6-8", { first: 6, count: 3 }], ["7-7", { first: 7, count: 1 }]])("reads the seeds %s", (text, seeds) => {
    expect(parseSeeds(text)).toEqual(seeds);
    expect(parseSeeds(formatSeeds(seeds))).toEqual(seeds);
  });

  it.each(["0", "21", "8-6", "a", "1,2", "-1", "4294967295-4294967296", ""])("refuses the seeds %s", (text) => {
    expect(parseSeeds(text)).toBeNull();
    const { problems, configuration } = parseConfiguration(`?view=learn&experiment=relu&seeds=${text}`);
    expect(problems.map(errorText)).toEqual([`The page's address asks for seeds “${text}”: use one of 1, 2, … 20, 11-15.`]);
    expect(configuration.learn.seeds).toBeNull();
  });

  it("has new seeds that none of the old ones is among", () => {
    expect(seedList(nextSeeds({ first: 1, count: 5 }))).toEqual([6, 7, 8, 9, 10]);
    expect(nextSeeds({ first: 4_294_967_290, count: 5 })).toEqual({ first: 1, count: 5 });
  });
});

describe("a teacher's link", () => {
  const read = (search: string) => parseConfiguration(search);

  it("hides controls and nothing else", () => {
    const { configuration, problems } = read("?view=train&hide=learning-rate,loss,message,new-seed");
    expect(configuration.classroom.hide).toEqual(["learning-rate", "new-seed"]);
    expect(problems.map(errorText).map((text) => /hide “(.*?)”/.exec(text)?.[1])).toEqual(["loss", "message"]);
    expect(formatConfiguration(configuration)).toBe("?view=train&hide=learning-rate%2Cnew-seed");
  });

  it("hides all other controls where only some are wanted", () => {
    const { classroom } = read("?only=start,pause").configuration;
    const hidden = hiddenControls(classroom);
    expect(hidden).toContain("view-models");
    expect(hidden).not.toContain("start");
    expect(hidden).not.toContain("pause");
  });

  it("is a style sheet that is empty without it", () => {
    expect(classroomStyle(NO_CLASSROOM)).toBe("");
    expect(classroomStyle({ hide: ["start"], only: [], large: true })).toContain('[data-testid="start"]');
    expect(classroomStyle({ hide: ["start"], only: [], large: true })).toContain("font-size:125%");
    expect(read("?size=huge").problems.map(errorText)).toEqual(["The page's address asks for size “huge”: use one of large."]);
  });
});
