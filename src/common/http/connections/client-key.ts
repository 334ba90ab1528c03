import { isIP, isIPv4 } from 'node:net';

/** Common key of all clients whose address cannot be parsed, so that hiding the address has no advantage. */
const UNREADABLE = 'unreadable';

/**
 * The key that limits count a client by: its address, or the /64 network of an IPv6 address, because one client has all
 * of it. An IPv4 address that the system or a translator writes as IPv6 counts as that IPv4 address: all of them are in
 * one /64. Some proxies append the port (`192.0.2.1:50000`, `[2001:db8::1]:50000`), which differs for each connection
 * and is removed.
 */
export function clientKey(text: string): string {
  // The zone (`%eth0`, RFC 4007 §11) is the name of a local interface, not part of the address.
  const [address = ''] = withoutPort(text.trim()).split('%', 1);
  if (isIP(address) !== 6) return isIPv4(address) ? address : UNREADABLE;
  const groups = groupsOf(address);
  const prefix = groups.slice(0, 6).map(hex).join(':');
  if (isIPv4Prefix(prefix, groups)) return dotted(groups.slice(6));
  // NAT64 within a network (RFC 8215). The operator chooses the position of the IPv4 address (RFC 6052 §2.2). Each
  // address is one client.
  if (prefix.startsWith('64:ff9b:1:')) return groups.map(hex).join(':');
  return `${groups.slice(0, 4).map(hex).join(':')}::/64`;
}

/** Whether the last 32 bits after the prefix are an IPv4 address. */
function isIPv4Prefix(prefix: string, groups: readonly number[]): boolean {
  switch (prefix) {
    // IPv4-mapped (RFC 4291 §2.5.5.2): a dual-stack socket reports IPv4 clients this way.
    case '0:0:0:0:0:ffff':
    // IPv4-translated (RFC 2765 §2.1), used by older translators.
    case '0:0:0:0:ffff:0':
    // The well-known prefix of NAT64 (RFC 6052 §2.1).
    case '64:ff9b:0:0:0:0':
      return true;
    // IPv4-compatible (RFC 4291 §2.5.5.1), except `::` and `::1`.
    case '0:0:0:0:0:0':
      return groups[6] !== 0;
    default:
      return false;
  }
}

/** The eight groups of a valid IPv6 address. */
function groupsOf(address: string): number[] {
  const [left = [], right = []] = address.split('::').map((half) =>
    half
      .split(':')
      .filter((group) => group !== '')
      .flatMap((group) => (group.includes('.') ? pairs(group) : [Number.parseInt(group, 16)])),
  );
  return [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
}

/** An IPv4 address as two 16-bit groups. */
function pairs(address: string): number[] {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  return [a * 256 + b, c * 256 + d];
}

function dotted(groups: readonly number[]): string {
  return groups.flatMap((group) => [group >> 8, group & 255]).join('.');
}

function hex(group: number): string {
  return group.toString(16);
}

function withoutPort(text: string): string {
  const [, bracketed, address] = /^(?:\[([^\]]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+)$/.exec(text) ?? [];
  return bracketed ?? address ?? text;
}
