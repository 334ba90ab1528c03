/** The current time in Unix seconds, whole. */
export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

const DAY = 86_400;
const TWO_DIGITS = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, '0'));
/** Dates as texts, by day: the times of a list are of a few days, and writing one takes a microsecond. */
const dates = new Map<number, string>();
const MOST_DATES = 1000;

/**
 * ISO 8601 in UTC with whole seconds and `Z`, as every time in a response.
 *
 * @param seconds Unix seconds; a fraction is rounded down
 * @throws RangeError if the time is outside the range of dates
 */
export function toIso(seconds: number): string {
  const whole = Math.floor(seconds);
  const day = Math.floor(whole / DAY);
  const second = whole - day * DAY;
  const [hours, minutes] = [Math.floor(second / 3600), Math.floor(second / 60) % 60];
  return `${dateOf(day)}${TWO_DIGITS[hours]}:${TWO_DIGITS[minutes]}:${TWO_DIGITS[second % 60]}Z`;
}

/** The date with the `T` behind it. */
function dateOf(day: number): string {
  let date = dates.get(day);
  if (date === undefined) {
    // What is behind the date has 13 characters: 18:30:00.000Z.
    date = new Date(day * DAY * 1000).toISOString().slice(0, -13);
    if (dates.size === MOST_DATES) dates.clear();
    dates.set(day, date);
  }
  return date;
}

/** Times have microseconds at most. */
const LAST_OF_SECOND = 0.999_999;

/**
 * The last instant of a second; Unix seconds. Times of the older backend have fractions, which are not shown: the whole
 * second is within its bound.
 */
export function endOfSecond(second: number): number {
  return second + LAST_OF_SECOND;
}

/** The range of years with four digits, in UTC: 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z. */
const FIRST_SECOND = -62_135_596_800;
const LAST_SECOND = 253_402_300_799;

const INSTANT =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?(?:Z|[+-](\d{2})(?::?(\d{2}))?)$/i;

/**
 * Parses an ISO 8601 instant: a calendar date, a time of day and an offset (`Z`, `+02:00`, `+0200` or `+02`). Seconds
 * are optional. A fraction of a second is dropped, because times are kept in whole seconds.
 *
 * @returns Unix seconds, or `undefined` if the text is not such an instant (30 February included)
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
