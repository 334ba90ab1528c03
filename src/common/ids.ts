const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a text is a UUID, in capitals or not. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** The form in which ids are made and answered: a UUID in lower case (RFC 9562 §4). Anything else stays as it is. */
export function canonicalId(text: string): string {
  return isUuid(text) ? text.toLowerCase() : text;
}

/**
 * The spellings under which a row with this id may be stored, each once, the canonical one first. Rows of other writers may
 * have capitals, and are found by the id as they have it.
 */
export function spellingsOf(id: string): string[] {
  return [...new Set([canonicalId(id), id])];
}
