const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a text is a UUID, in upper or lower case. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** The canonical form of ids: a UUID in lower case (RFC 9562 §4). Other texts are not changed. */
export function canonicalId(text: string): string {
  return isUuid(text) ? text.toLowerCase() : text;
}

/**
 * The spellings under which a row with this id may be stored, without duplicates, the canonical one first. Rows of
 * other writers may have upper-case ids.
 */
export function spellingsOf(id: string): string[] {
  return [...new Set([canonicalId(id), id])];
}
