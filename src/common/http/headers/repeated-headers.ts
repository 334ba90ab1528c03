import type { IncomingMessage } from 'node:http';

/**
 * The values of a header that has one, as they were sent: once, or more often by whoever sends a request again and adds the
 * header each time. Node makes one text of them, which would be another value.
 *
 * @param name in small letters
 * @returns those that differ, in the order of the request
 */
export function valuesOf(
  { headersDistinct }: Pick<IncomingMessage, 'headersDistinct'>,
  name: string,
): string[] {
  const values = new Set<string>();
  for (const value of headersDistinct[name] ?? []) values.add(undoubled(value));
  return [...values];
}

/** One of several that are equal, where a proxy or `Headers.append` has made a list of them in one line. */
function undoubled(value: string): string {
  const [first = '', ...rest] = value.split(',').map((part) => part.trim());
  return first !== '' && rest.every((other) => other === first) ? first : value;
}
