import { BlockList, isIP } from 'node:net';
import type { AppConfig } from './config.js';
import type { EnvironmentReader } from './environment-reader.js';

const LIST_OF_ORIGINS = 'a comma-separated list of origins such as https://app.example.com';

/** Origins of apps with embedded pages, as those send them (Capacitor, Ionic, Tauri). */
const APP_ORIGIN = /^(capacitor|ionic|tauri):\/\/[a-z0-9-]+(\.[a-z0-9-]+)*(:\d+)?$/;
const SCHEMES = /^(https?|capacitor|ionic|tauri):\/\//i;

/** An address to listen on. */
export function readHost(env: EnvironmentReader, name: string, fallback: string): string {
  return env.text(name, fallback, /^[\w.:-]+$/, 'a host name or an IP address');
}

/** Origins as browsers and apps send them, because they are compared with the header. */
export function readCorsOrigins(env: EnvironmentReader): string[] {
  const origins = env.list('CORS_ORIGINS');
  const faults = origins.flatMap((origin, index) => {
    const fault = faultOfOrigin(origin);
    return fault === undefined ? [] : [`entry ${index + 1} ${fault}`];
  });
  if (faults.length > 0) env.problem('CORS_ORIGINS', `${LIST_OF_ORIGINS}: ${faults.join('; ')}`);
  return origins;
}

/** What is wrong with an origin and how to fix it; nothing if it is valid. */
function faultOfOrigin(origin: string): string | undefined {
  if (origin.includes('*')) return 'has a *, which no browser sends: name each origin';
  if (!SCHEMES.test(origin) || !URL.canParse(origin)) {
    return 'does not begin with a scheme and a host: http://, https://, capacitor://, ionic:// or tauri://';
  }
  const url = new URL(origin);
  if (url.origin === origin || APP_ORIGIN.test(origin)) return undefined;
  if (url.username !== '' || url.password !== '') return 'has a user or a password in it: leave them out';
  if (url.pathname === '/' && /[^/]\/$/.test(origin)) return 'has a slash at its end: leave it out';
  if (!/^[^/]+\/\/[^/?#]+$/.test(origin)) return 'has a path: leave out all that follows the host';
  return 'is not as browsers send it: in lower case, and without the default port';
}

/** Redis, shared by all instances. */
export function readRedisUrl(env: EnvironmentReader): Pick<AppConfig, 'redisUrl'> {
  const redisUrl = env.optional('REDIS_URL');
  if (
    redisUrl !== undefined &&
    !/^rediss?:$/.test(URL.canParse(redisUrl) ? new URL(redisUrl).protocol : '')
  ) {
    env.problem('REDIS_URL', 'a URL such as redis://127.0.0.1:6379');
  }
  return redisUrl === undefined ? {} : { redisUrl };
}

/** Never all addresses: a client that can choose its address has no limits. */
export function readTrustProxy(env: EnvironmentReader): Pick<AppConfig, 'trustProxy'> {
  const value = env.optional('TRUST_PROXY');
  if (value === undefined) return {};
  // A number of hops above any real deployment would trust everything that a client sends.
  if (/^\d$/.test(value)) return { trustProxy: Number(value) };
  const networks = env.list('TRUST_PROXY');
  if (!networks.every(isNetwork)) {
    env.problem(
      'TRUST_PROXY',
      'a number of hops up to 9, or networks such as 10.0.0.0/8 separated by commas, none of them very wide',
    );
  }
  return { trustProxy: networks };
}

function isNetwork(text: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true;
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  if (bits === undefined) return true;
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > (version === 4 ? 32 : 128)) return false;
  return Number(bits) >= (version === 4 ? 8 : isAlsoIPv4(address, Number(bits)) ? 104 : 7);
}

/** IPv6 networks that contain all of IPv4: mapped, translated by NAT64 (RFC 6052, RFC 8215) or SIIT, compatible. */
const IPV4_WITHIN = [
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['::ffff:0:0:0', 96],
  ['::', 96],
] as const;

/** Whether an IPv6 network contains IPv4 addresses (`::ffff:192.0.2.1`), which are then trusted too. */
function isAlsoIPv4(address: string, bits: number): boolean {
  const network = new BlockList();
  network.addSubnet(address, bits, 'ipv6');
  return IPV4_WITHIN.some(([start, length]) => {
    const within = new BlockList();
    within.addSubnet(start, length, 'ipv6');
    return network.check(start, 'ipv6') || within.check(address, 'ipv6');
  });
}
