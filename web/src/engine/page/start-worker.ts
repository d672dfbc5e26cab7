/** Starts module workers. */
import { messageError, messageOf } from "../../errors/message";

/**
 * Starts a module worker. A page in a sandboxed frame has no origin, so it may not start the site's worker directly.
 * Where the host lets other origins read its files, a worker made here can still import it.
 */
export function startWorker(url: string, name: string): Worker {
  const options = { type: "module", name } as const;
  try {
    return new Worker(url, options);
  } catch (error) {
    if (!(error instanceof DOMException) || error.name !== "SecurityError") throw error;
  }
  const source = URL.createObjectURL(new Blob([`import ${JSON.stringify(new URL(url, document.baseURI).href)};`], { type: "text/javascript" }));
  try {
    return new Worker(source, options);
  } catch (error) {
    throw messageError("engine.workerBlocked", { reason: messageOf(error) });
  }
}
