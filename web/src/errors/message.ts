/**
 * Sentences as data: a code of the message catalogue with its parameters.
 *
 * Code that does not draw, and the worker, say what happened as a {@link Message}. It crosses threads as it is and
 * becomes a sentence in the visitor's language where it is shown.
 */
import type { MessageParams } from "../generated/messages";

/** A code of the catalogue, `namespace.key`. */
export type MessageCode = keyof MessageParams;

/**
 * A sentence: its code and its parameters, made by {@link message}, which checks that they fit. A union of all codes would
 * be exact here too, but TypeScript gives up on one of so many members.
 */
export interface Message { code: MessageCode; params: Record<string, unknown> }

/** The parameters as arguments: none where the message has none. */
export type ParamsOf<Code extends MessageCode> = keyof MessageParams[Code] extends never ? [] : [params: MessageParams[Code]];

/** A sentence of the catalogue. */
export function message<Code extends MessageCode>(code: Code, ...[params]: ParamsOf<Code>): Message {
  return { code, params: { ...params } };
}

/** Whether a value is a {@link Message}. */
export const isMessage = (value: unknown): value is Message =>
  typeof value === "object" && value !== null && "code" in value && typeof value.code === "string" && "params" in value;

// The worker has no catalogue; there an error's text is its code, for logs.
let translate = ({ code }: Message): string => code;

/** Says how messages become sentences on this thread. */
export function setTranslator(translator: (message: Message) => string): void {
  translate = translator;
}

/** The sentence of a message in the visitor's language. */
export const sentence = (value: Message): string => translate(value);

/** An error that a visitor can read: a sentence of the catalogue. */
export class MessageError extends Error {
  override name = "MessageError";

  constructor(readonly detail: Message, options?: ErrorOptions) {
    super(translate(detail), options);
  }
}

/** An error with a sentence of the catalogue. */
export function messageError<Code extends MessageCode>(code: Code, ...params: ParamsOf<Code>): MessageError {
  return new MessageError(message(code, ...params));
}

/** Whether an error carries this message. */
export const hasCode = (error: unknown, code: MessageCode): boolean => error instanceof MessageError && error.detail.code === code;

/** What an error or a thrown value says: its message where it has one, else its text. */
export function messageOf(error: unknown): Message | string {
  if (error instanceof MessageError) return error.detail;
  if (isMessage(error)) return error;
  return error instanceof Error ? error.message : String(error);
}

/** A message or a plain text, in the visitor's language. */
export const textOf = (value: Message | string): string => (typeof value === "string" ? value : sentence(value));

/** What an error says, in the visitor's language: one whole sentence. */
export function errorText(error: unknown): string {
  const said = messageOf(error);
  const raw = textOf(said).trim();
  if (raw === "") return sentence(message("engine.noReason"));
  const text = raw.charAt(0).toUpperCase() + raw.slice(1);
  return /[.!?…。！？]$/.test(text) ? text : `${text}.`;
}
