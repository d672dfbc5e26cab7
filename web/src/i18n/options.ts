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

/** A choice as it is written: `relu` is “ReLU”. */
export const choiceName = (value: string): string => lookUp("options", `choice${capital(camel(value))}`) ?? value;
