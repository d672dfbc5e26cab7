/** A transaction whose end nobody need wait for: that the browser broke it off is told by its requests to whoever asked. */
export function ignoreAbort<T extends { readonly done: Promise<unknown> }>(transaction: T): T {
  // Without a listener the end of a database closed by force would count as an error of the page or the worker.
  transaction.done.catch(() => undefined);
  return transaction;
}
