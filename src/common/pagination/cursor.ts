const POSITION = /^(-?\d{1,15}(?:\.\d{1,20})?)\/([\x21-\x7e]{1,64})$/;

/** Where the next page starts: a time, and an id for equal times. */
export interface Position {
  /** Unix seconds. */
  readonly time: number;
  /** Printable ASCII, 64 characters at most. */
  readonly id: string;
}

/**
 * A position in a list as clients send it. It does not contain the owner: the list is always the caller's own, so the
 * cursor needs no protection.
 */
export function toCursor({ time, id }: Position): string {
  return Buffer.from(`${time}/${id}`).toString('base64url');
}

/** @returns the position, or `undefined` if the text is not a cursor */
export function parseCursor(cursor: string): Position | undefined {
  const [, time, id] = POSITION.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  if (time === undefined || id === undefined) return undefined;
  const position = { time: Number(time), id };
  // The decoder ignores characters that are not base64url, and a number can be written in many ways.
  return toCursor(position) === cursor ? position : undefined;
}
