import type { Row } from './table-scan.js';

/** 9999-12-31T23:59:59Z. A later time has no ISO text with a four-digit year. */
const LAST_SECOND = 253_402_300_799;

/** The attributes of `names` that are missing or not a string. */
export function texts(row: Row, names: readonly string[]): string[] {
  return names
    .filter((name) => !isText(row[name]))
    .map((name) => `${name} is ${isNothing(row[name]) ? 'missing' : 'not a text'}`);
}

/** The attributes of `names` that are missing or not a time in Unix seconds. */
export function times(row: Row, names: readonly string[]): string[] {
  return names
    .filter((name) => !isTime(row[name]))
    .map((name) => `${name} is ${isNothing(row[name]) ? 'missing' : 'not a time in Unix seconds'}`);
}

/** Whether the value is a non-empty string. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= LAST_SECOND;
}

/** Whether the attribute is missing or null. */
export function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}
