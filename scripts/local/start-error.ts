/** A reason not to start, or to stop, as a sentence for people: shown without a stack. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
