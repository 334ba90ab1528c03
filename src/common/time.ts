/** The current time in Unix seconds, whole. */
export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

/**
 * ISO 8601 in UTC with whole seconds and `Z`, as every time in a response.
 *
 * @param seconds Unix seconds; a fraction is dropped towards the past
 */
export function toIso(seconds: number): string {
  // Cut rather than replaced: a list of 50 records does this 100 times. The milliseconds are the last 5 characters.
  return `${new Date(Math.floor(seconds) * 1000).toISOString().slice(0, -5)}Z`;
}

/** Microseconds are the finest there are. */
const LAST_OF_SECOND = 0.999_999;

/**
 * The last instant of a second; Unix seconds. Times of the older backend have fractions, and are shown without: the whole of a
 * second is within its bound.
 */
export function endOfSecond(second: number): number {
  return second + LAST_OF_SECOND;
}

/** The years that four digits can tell, in UTC: 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z. */
const FIRST_SECOND = -62_135_596_800;
const LAST_SECOND = 253_402_300_799;

const INSTANT =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?(?:Z|[+-](\d{2})(?::?(\d{2}))?)$/i;

/**
 * Reads an ISO 8601 instant: a calendar date, a time of day and an offset (`Z`, `+02:00`, `+0200` or `+02`). Seconds
 * may be left out; a fraction of them is dropped, since times are kept in whole seconds.
 *
 * @returns Unix seconds, or `undefined` where the text is no such instant (the 30th of February included)
 */
export function parseInstant(text: string): number | undefined {
  const match = INSTANT.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second, offsetHours, offsetMinutes] = match
    .slice(1)
    .map((digits) => Number(digits ?? 0)) as [number, number, number, number, number, number, number, number];
  const local = new Date(0);
  local.setUTCFullYear(year, month - 1, day);
  local.setUTCHours(hour, minute, second);
  const exists =
    local.getUTCFullYear() === year &&
    local.getUTCMonth() === month - 1 &&
    local.getUTCDate() === day &&
    local.getUTCHours() === hour &&
    local.getUTCMinutes() === minute &&
    local.getUTCSeconds() === second;
  if (!exists || offsetHours > 23 || offsetMinutes > 59) return undefined;
  const sign = /-\d{2}(?::?\d{2})?$/.test(text.slice(16)) ? -1 : 1;
  const seconds = local.getTime() / 1000 - sign * (offsetHours * 3600 + offsetMinutes * 60);
  return seconds >= FIRST_SECOND && seconds <= LAST_SECOND ? seconds : undefined;
}
