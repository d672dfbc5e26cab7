/** A transaction whose `done` is not awaited: its requests reject when the browser aborts it. */
export function ignoreAbort<T extends { readonly done: Promise<unknown> }>(transaction: T): T {
  // Without a handler an aborted transaction would be an unhandled rejection.
  transaction.done.catch(() => undefined);
  return transaction;
}
