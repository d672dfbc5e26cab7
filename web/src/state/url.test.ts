import { errorText } from "../errors/message";
import { describe, expect, it } from "vitest";
import { DEFAULT_OPTIONS, OPTIONS, type RunOptions } from "../generated/protocol";
import { NO_CLASSROOM } from "./classroom";
import { NO_LEARN } from "./learn-url";
import { checkOption, formatConfiguration, parseConfiguration, withOptions, type Configuration } from "./url";

const defaults: Configuration = { view: "classify", backend: "auto", lang: "", model: "", options: DEFAULT_OPTIONS, rival: null, learn: NO_LEARN, classroom: NO_CLASSROOM };

/** A value other than the default, allowed by the row. */
function other(spec: (typeof OPTIONS)[number]): unknown {
  const { kind, default: now } = spec;
  switch (kind.type) {
    case "number": {
      const middle = kind.integer ? Math.floor((kind.min + Math.min(kind.max, 900)) / 2) + 1 : (kind.min + kind.max) / 3;
      return middle === now ? kind.max : middle;
    }
    case "choice":
      return kind.values.find((value) => value !== now) ?? now;
    case "switch":
      return !now;
    case "text":
      return "my photos & others";
  }
}

describe("the page's address", () => {
  it("is empty for the defaults", () => {
    expect(formatConfiguration(defaults)).toBe("");
    expect(parseConfiguration("")).toEqual({ configuration: defaults, problems: [] });
  });

  it.each(OPTIONS.map((spec) => [spec.name, spec] as const))("carries %s there and back", (name, spec) => {
    const value = other(spec);
    const configuration = { ...defaults, view: "train" as const, options: { ...DEFAULT_OPTIONS, [name]: value } as RunOptions };
    const search = formatConfiguration(configuration);
    expect([...new URLSearchParams(search).keys()].sort()).toEqual([name, "view"].sort());
    expect(parseConfiguration(search)).toEqual({ configuration, problems: [] });
  });

  it("carries everything at once, a rival included", () => {
    const options = Object.fromEntries(OPTIONS.map((spec) => [spec.name, other(spec)])) as unknown as RunOptions;
    const configuration: Configuration = { ...defaults, view: "models", backend: "cpu", lang: "de", model: "https://example.org/a b.safetensors?x=1&y=2", options, rival: { ...options, dropout: 0, activation: "tanh" } };
    expect(parseConfiguration(formatConfiguration(configuration)).configuration).toEqual(configuration);
  });

  it("writes of a rival only what differs, and a rival without difference too", () => {
    const race = { ...defaults, rival: { ...DEFAULT_OPTIONS, activation: "tanh" as const } };
    expect(formatConfiguration(race)).toBe("?rival.activation=tanh");
    expect(formatConfiguration({ ...defaults, rival: DEFAULT_OPTIONS })).toBe("?rival=same");
    expect(parseConfiguration("?rival=same").configuration.rival).toEqual(DEFAULT_OPTIONS);
  });

  it("keeps the parameters of others and drops its own stale ones", () => {
    expect(formatConfiguration({ ...defaults, view: "train" }, "?threads=2&seed=7&rival.dropout=0")).toBe("?threads=2&view=train");
  });

  it.each([
    ["?dropout=2", "Dropout cannot be 2: use a number from 0 to 0.95"],
    ["?dropout=", 'Dropout cannot be "": use a number from 0 to 0.95'],
    ["?batchSize=1.5", "Batch size cannot be 1.5: use a whole number from 1 to 1,024"],
    ["?learningRate=NaN", 'Learning rate cannot be "NaN": use a number from 0.000001 to 10'],
    ["?activation=cube", 'Activation cannot be "cube": use one of relu, tanh, sigmoid, leaky-relu, gelu'],
    ["?flip=maybe", 'Mirror cannot be "maybe": use true or false'],
  ])("says what is wrong with %s and keeps the default", (search, sentence) => {
    const { configuration, problems } = parseConfiguration(search);
    expect(configuration).toEqual(defaults);
    expect(problems.map(errorText)).toEqual([`${sentence} (in the page's address).`]);
  });

  it("says what is wrong with a view or a backend", () => {
    expect(parseConfiguration("?view=fly&backend=tpu&lang=tlh").problems.map(errorText)).toEqual([
      "The page's address asks for lang “tlh”: use one of en, de, es, zh.",
      "The page's address asks for view “fly”: use one of classify, studio, train, learn, models.",
      "The page's address asks for backend “tpu”: use one of auto, cpu, webgpu.",
    ]);
  });
});

describe("options", () => {
  it("accept every default", () => {
    for (const spec of OPTIONS) expect(checkOption(spec, spec.default)).toEqual({ value: spec.default });
  });

  it("refuse an unknown name and a wrong value in one sentence", () => {
    expect(() => withOptions(DEFAULT_OPTIONS, { speed: 3 } as never)).toThrow(/^There is no option “speed”: use network, dataset, .*\.$/);
    expect(() => withOptions(DEFAULT_OPTIONS, { dropout: Number.NaN })).toThrow("Dropout cannot be null: use a number from 0 to 0.95.");
  });

  it("leave the base as it was", () => {
    const base = { ...DEFAULT_OPTIONS };
    expect(withOptions(base, { dropout: 0, seed: undefined as never }).dropout).toBe(0);
    expect(base).toEqual(DEFAULT_OPTIONS);
  });
});
