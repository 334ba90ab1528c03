import type { Row } from './table-scan.js';

/** 9999-12-31T23:59:59Z: what is later is no number of seconds, and has no ISO text of four digits for its year. */
const LAST_SECOND = 253_402_300_799;

/** Which of these attributes are missing, or are no text. */
export function texts(row: Row, names: readonly string[]): string[] {
  return names
    .filter((name) => !isText(row[name]))
    .map((name) => `${name} is ${isNothing(row[name]) ? 'missing' : 'not a text'}`);
}

/** Which of these attributes are missing, or are no time in Unix seconds. */
export function times(row: Row, names: readonly string[]): string[] {
  return names
    .filter((name) => !isTime(row[name]))
    .map((name) => `${name} is ${isNothing(row[name]) ? 'missing' : 'not a time in Unix seconds'}`);
}

/** Whether it is a text that is not empty. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= LAST_SECOND;
}

/** Whether there is no such attribute, or it is null. */
export function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}
