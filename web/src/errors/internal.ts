/**
 * A mistake in this program that no visitor can cause: a method that does not exist, a call in the wrong order by our own
 * code. Its text is for developers and stays English. Everything that a visitor or a script can cause is a
 * {@link MessageError}.
 */
export class InternalError extends Error {
  override name = "InternalError";
}
