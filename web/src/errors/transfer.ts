/** Lets a {@link MessageError} cross between threads with its message. */
import { transferHandlers, type TransferHandler } from "comlink";
import { InternalError } from "./internal";
import { MessageError, isMessage, type Message } from "./message";

/** What Comlink makes of a thrown value. */
interface Thrown { value: unknown }
type Serialized = { isError: boolean; value: unknown } & { detail?: Message };

/** Wraps Comlink's handler of thrown values. Call it once on each thread before anything is called. */
export function carryMessages(): void {
  const own = transferHandlers.get("throw") as TransferHandler<Thrown, Serialized> | undefined;
  if (!own) throw new InternalError("Comlink has no handler of thrown values.");
  transferHandlers.set("throw", {
    canHandle: own.canHandle,
    serialize(thrown: Thrown) {
      const [serialized, transfer] = own.serialize(thrown);
      const { value } = thrown;
      return [value instanceof MessageError ? { ...serialized, detail: value.detail } : serialized, transfer];
    },
    deserialize(serialized: Serialized) {
      if (isMessage(serialized.detail)) throw new MessageError(serialized.detail);
      return own.deserialize(serialized);
    },
  } satisfies TransferHandler<Thrown, Serialized>);
}
