const POSITION = /^(-?\d{1,15}(?:\.\d{1,20})?)\/([\x21-\x7e]{1,64})$/;

/** Where a list goes on: by a time, and by an id where two have the same. */
export interface Position {
  /** Unix seconds. */
  readonly time: number;
  /** Printable ASCII, 64 characters at most. */
  readonly id: string;
}

/**
 * A position in a list as clients carry it. It says where, and never whose: the list always is the caller's own, so
 * that there is nothing in it to protect.
 */
export function toCursor({ time, id }: Position): string {
  return Buffer.from(`${time}/${id}`).toString('base64url');
}

/** @returns the position, or `undefined` for what is no cursor */
export function parseCursor(cursor: string): Position | undefined {
  const [, time, id] = POSITION.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  if (time === undefined || id === undefined) return undefined;
  const position = { time: Number(time), id };
  // The decoder passes over what is no base64url, and a number can be written in many ways.
  return toCursor(position) === cursor ? position : undefined;
}
