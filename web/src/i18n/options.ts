/** Titles, help and choices of options. Their English is in crate/protocol/src/option_table.rs. */
import { message, type Message, type MessageCode } from "../errors/message";
import { lookUp } from "./index.svelte";

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const camel = (text: string): string => text.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

/** The title of an option as a message: `learningRate` is “Learning rate”. */
export const optionTitle = (name: string): Message => message(`options.${name}Title` as MessageCode as "options.dropoutTitle");

/** The title of an option in the language on show. The namespace `options` must be loaded. */
export const titleOf = (name: string): string => lookUp("options", `${name}Title`) ?? name;

/** What an option does, in the language on show. */
export const helpOf = (name: string): string => lookUp("options", `${name}Help`) ?? "";

/** Names that are the same in every language, until options.json has them all. */
const NAMES: Record<string, string> = {
  relu: "ReLU", gelu: "GELU", "leaky-relu": "leaky ReLU", sgd: "SGD", adamw: "AdamW",
  "alexnet-224": "AlexNet 224", "alexnet-64": "AlexNet 64", "alexnet-32": "AlexNet 32", "alexnet-2012": "AlexNet 2012",
};

/** A choice as it is written: `relu` is “ReLU”. */
export const choiceName = (value: string): string => lookUp("options", `choice${capital(camel(value))}`) ?? NAMES[value] ?? value;
