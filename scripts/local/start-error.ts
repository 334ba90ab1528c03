/** A reason not to start, or to stop, as a message for people: printed without a stack. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
