import type { IncomingMessage } from 'node:http';

/**
 * The values of a header that allows only one, as they were sent. Some clients add the header again for each retry.
 * Node joins them to one text, which would be another value.
 *
 * @param name in lower case
 * @returns the different values, in the order of the request
 */
export function valuesOf(
  { headersDistinct }: Pick<IncomingMessage, 'headersDistinct'>,
  name: string,
): string[] {
  const values = new Set<string>();
  for (const value of headersDistinct[name] ?? []) values.add(undoubled(value));
  return [...values];
}

/** One of several equal values that a proxy or `Headers.append` has joined to a list. */
function undoubled(value: string): string {
  const [first = '', ...rest] = value.split(',').map((part) => part.trim());
  return first !== '' && rest.every((other) => other === first) ? first : value;
}
