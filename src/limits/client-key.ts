import { isIP, isIPv4 } from 'node:net';

/** What clients are counted by together whose address cannot be read, so that nobody gains by hiding it. */
const UNREADABLE = 'unreadable';

/**
 * What a client is counted by: its address, or the /64 network of an IPv6 address, since one client has all of it.
 * Some proxies name the port too (`192.0.2.1:50000`, `[2001:db8::1]:50000`), which would be new for each connection.
 */
export function clientKey(text: string): string {
  const address = withoutPort(text.trim());
  if (isIP(address) !== 6) return isIPv4(address) ? address : UNREADABLE;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1]) return mapped[1];
  const [head = '', tail] = address.toLowerCase().split('%', 1)[0]?.split('::') ?? [];
  const left = head === '' ? [] : head.split(':');
  const right = tail ? tail.split(':') : [];
  const groups = [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}

function withoutPort(text: string): string {
  const [, bracketed, dotted] = /^(?:\[([^\]]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+)$/.exec(text) ?? [];
  return bracketed ?? dotted ?? text;
}
