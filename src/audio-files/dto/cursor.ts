import type { ListPosition } from '../audio-file.js';

const POSITION = /^(-?\d{1,15}(?:\.\d{1,20})?)\/([\x21-\x7e]{1,64})$/;

/**
 * A position in a list as clients carry it. It says where, and never whose: the list always is the caller's own, so
 * that there is nothing in it to protect.
 */
export function toCursor({ uploadedAt, fileId }: ListPosition): string {
  return Buffer.from(`${uploadedAt}/${fileId}`).toString('base64url');
}

/** @returns the position, or `undefined` for what is no cursor */
export function parseCursor(cursor: string): ListPosition | undefined {
  const [, uploadedAt, fileId] = POSITION.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  if (uploadedAt === undefined || fileId === undefined) return undefined;
  const position = { uploadedAt: Number(uploadedAt), fileId };
  // The decoder passes over what is no base64url, and a number can be written in many ways.
  return toCursor(position) === cursor ? position : undefined;
}
