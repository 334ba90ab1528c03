import type { IncomingMessage } from 'node:http';
import type { Gateway } from './gateway.js';

/** An event of payload format 2.0. What is not there is left out, as AWS does, and is not null. */
export interface HttpEvent {
  version: '2.0';
  routeKey: '$default';
  rawPath: string;
  rawQueryString: string;
  cookies?: string[];
  headers: Record<string, string>;
  queryStringParameters?: Record<string, string>;
  requestContext: {
    accountId: string;
    apiId: string;
    domainName: string;
    domainPrefix: string;
    http: { method: string; path: string; protocol: string; sourceIp: string; userAgent: string };
    requestId: string;
    routeKey: '$default';
    stage: '$default';
    time: string;
    timeEpoch: number;
  };
  body?: string;
  isBase64Encoded: boolean;
}

/** What the gateway knows of a request besides the request itself. */
export interface Received {
  body: Buffer;
  requestId: string;
  traceId: string;
  /** Unix time in milliseconds. */
  timeMs: number;
}

/** Headers of one connection, which end at the gateway (RFC 9110, section 7.6.1), and `Expect`, which it answers. */
const HOP_BY_HOP = new Set([
  ...[
    'connection',
    'keep-alive',
    'proxy-connection',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
    'expect',
  ],
]);

/**
 * Body types that arrive as text; any other, `application/x-www-form-urlencoded`, `+json` types and no type included, arrives
 * in base64. AWS documents no list; this one was found by trial (ministackorg/ministack, pull request 766).
 */
const TEXT = /^(text\/|application\/(json|javascript|xml)$)/;

/** The event that AWS makes of an HTTP request. */
export function toEvent(request: IncomingMessage, received: Received, gateway: Gateway): HttpEvent {
  const [target = '/', rawQueryString = ''] = splitOnce(request.url ?? '/', '?');
  const rawPath = gateway.rawPath(target);
  const { headers, cookies } = eventHeaders(request, received, gateway);
  const parameters = joined(new URLSearchParams(rawQueryString));
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString,
    ...(cookies.length > 0 && { cookies }),
    headers,
    ...(Object.keys(parameters).length > 0 && { queryStringParameters: parameters }),
    requestContext: requestContext(request, received, gateway, rawPath),
    ...bodyFields(received.body, headers['content-type']),
  };
}

function requestContext(
  request: IncomingMessage,
  { requestId, timeMs }: Received,
  gateway: Gateway,
  path: string,
): HttpEvent['requestContext'] {
  const domainName = (request.headers.host ?? '').replace(/:\d+$/, '');
  return {
    accountId: gateway.accountId,
    apiId: 'emulator',
    domainName,
    domainPrefix: domainName.split('.')[0] ?? '',
    http: {
      method: request.method ?? 'GET',
      path,
      protocol: `HTTP/${request.httpVersion}`,
      sourceIp: sourceIp(request),
      userAgent: request.headers['user-agent'] ?? '',
    },
    requestId,
    routeKey: '$default',
    stage: '$default',
    time: logTime(new Date(timeMs)),
    timeEpoch: timeMs,
  };
}

/** Lower-case names, duplicates joined by a comma, cookies apart, and what AWS adds. */
function eventHeaders(
  request: IncomingMessage,
  { body, traceId }: Received,
  gateway: Gateway,
): { headers: Record<string, string>; cookies: string[] } {
  const { cookie, ...headers } = joined(pairs(request.rawHeaders));
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  for (const name of [...HOP_BY_HOP, ...named]) delete headers[name];
  const before = headers['x-forwarded-for'];
  return {
    headers: {
      ...headers,
      ...((body.length > 0 || gateway.alwaysHasLength) && { 'content-length': String(body.length) }),
      'x-amzn-trace-id': headers['x-amzn-trace-id'] ?? traceId,
      'x-forwarded-for': before === undefined ? sourceIp(request) : `${before}, ${sourceIp(request)}`,
      'x-forwarded-port': '443',
      'x-forwarded-proto': 'https',
    },
    cookies: cookie === undefined ? [] : cookie.split(/; ?/),
  };
}

function* pairs(rawHeaders: string[]): Generator<[string, string]> {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = rawHeaders.slice(index, index + 2);
    yield [name.toLowerCase(), value];
  }
}

/** Values of the same name joined by a comma; several `Cookie` headers are one list. */
function joined(entries: Iterable<[string, string]>): Record<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of entries) {
    const before = values.get(name);
    values.set(name, before === undefined ? value : before + (name === 'cookie' ? '; ' : ',') + value);
  }
  return Object.fromEntries(values);
}

function bodyFields(body: Buffer, contentType = ''): Pick<HttpEvent, 'body' | 'isBase64Encoded'> {
  if (body.length === 0) return { isBase64Encoded: false };
  const [type = ''] = splitOnce(contentType, ';');
  const text = body.toString();
  const isText = TEXT.test(type.trim().toLowerCase()) && Buffer.from(text).equals(body);
  return isText
    ? { body: text, isBase64Encoded: false }
    : { body: body.toString('base64'), isBase64Encoded: true };
}

function sourceIp(request: IncomingMessage): string {
  return (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
}

/** `12/Mar/2020:19:03:58 +0000` */
function logTime(date: Date): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+) GMT$/.exec(date.toUTCString()) ?? [];
  return `${day}/${month}/${year}:${time} +0000`;
}

function splitOnce(text: string, separator: string): [string, string] {
  const index = text.indexOf(separator);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}
