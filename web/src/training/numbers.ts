import { message, type Message } from "../errors/message";
import { optionTitle } from "../i18n/options";
import type { OptionKind, OptionSpec, RunOptions } from "../generated/protocol";
import type { Value } from "./differences";

type NumberKind = Extract<OptionKind, { type: "number" }>;

/** Rows of the table whose number is easier to slide than to type. */
const SLIDERS = new Set(["learningRate", "momentum", "dropout", "width", "weightAverage", "labelSmoothing", "shift", "crop", "colour", "erase", "cutmix"]);

/** Whether a row gets a slider beside its field. */
export function slides({ name, kind }: OptionSpec): boolean {
  return kind.type === "number" && SLIDERS.has(name);
}

/** Name as in test ids and flags: `batchSize` is `batch-size`. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Place of a value on a slider from 0 to 1000. */
export function toSlider({ min, max, log }: NumberKind, value: number): number {
  const along = log ? Math.log(value / min) / Math.log(max / min) : (value - min) / (max - min);
  return Math.round(1000 * Math.min(1, Math.max(0, along)));
}

/** The value at a place, rounded to what a person would type. */
export function fromSlider({ min, max, log, integer }: NumberKind, place: number): number {
  const along = place / 1000;
  const value = log ? min * (max / min) ** along : min + along * (max - min);
  const rounded = log ? Number(value.toPrecision(2)) : Math.round(value * 200) / 200;
  return Math.min(max, Math.max(min, integer ? Math.round(rounded) : rounded));
}

/** What was typed, as a value that the row allows, or the message that says what it allows. */
export function readNumber(name: string, kind: NumberKind, text: string): number | Message {
  const value = text.trim() === "" ? NaN : Number(text.replace(",", "."));
  const { min, max, integer } = kind;
  if (value >= min && value <= max && (!integer || Number.isInteger(value))) return value;
  const range = { option: optionTitle(name), min, max };
  if (text.trim() === "") return message("ui.uiNumberMissing", range);
  const refused = { ...range, value: text.trim() };
  return integer ? message("engine.optionWholeNumber", refused) : message("engine.optionNumber", refused);
}

/** `options` with one field replaced. */
export function withOption(options: RunOptions, name: string, value: Value): RunOptions {
  return { ...options, [name]: value };
}
