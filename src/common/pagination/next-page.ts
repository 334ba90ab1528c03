import { rule } from '../validation/rules.js';
import { parseCursor } from './cursor.js';

/** Requires a `cursor` that the service returned with a page. */
export function IsCursor(): PropertyDecorator {
  return rule('isCursor', (value) =>
    typeof value === 'string' && parseCursor(value) ? undefined : 'must be one that a list came with',
  );
}

/**
 * Headers with the URL and the cursor of the next page (RFC 8288): the same query with another cursor.
 *
 * @param path of the request
 * @param query after validation
 * @param cursor of the next page
 */
export function nextPageHeaders(
  path: string,
  query: object,
  cursor: string,
): Record<'Link' | 'X-Next-Cursor', string> {
  const parameters = Object.entries({ ...query, cursor })
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]): [string, string] => [name, String(value)]);
  return {
    Link: `<${path}?${new URLSearchParams(parameters).toString()}>; rel="next"`,
    'X-Next-Cursor': cursor,
  };
}
