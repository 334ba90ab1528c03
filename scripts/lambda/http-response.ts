import type { Gateway } from './gateway.js';

/** Status and headers of an answer. */
export interface ResponseHead {
  status: number;
  headers: [name: string, value: string][];
}

/** A whole answer. */
export interface HttpResponse extends ResponseHead {
  body: Buffer;
}

/** What the function answered is no HTTP response. */
export class MalformedResponseError extends Error {
  override readonly name = 'MalformedResponseError';
}

/** What a function returns, or writes as the prelude of a stream (payload format 2.0). */
interface Structured {
  statusCode: unknown;
  headers?: Record<string, unknown>;
  cookies?: unknown[];
  body?: unknown;
  isBase64Encoded?: boolean;
}

/**
 * Headers of the function that the gateway sets itself; those of the function come under another name. API Gateway documents
 * them for REST APIs ("may be remapped"); Function URLs were seen to do the same.
 */
const REMAPPED = new Set([
  ...[
    'authorization',
    'connection',
    'content-length',
    'content-md5',
    'date',
    'expect',
    'host',
    'max-forwards',
  ],
  ...['proxy-authenticate', 'server', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'user-agent', 'via'],
  ...['www-authenticate', 'x-amzn-requestid', 'x-amzn-trace-id'],
]);

/**
 * The HTTP response for the JSON that a function returned; JSON without a status is the body itself.
 *
 * @throws MalformedResponseError where it is no JSON, or its status or headers are none
 */
export function fromPayload(payload: Buffer, gateway: Gateway): HttpResponse {
  const value = parsed(payload);
  if (!isStructured(value)) {
    return { status: 200, headers: [['Content-Type', 'application/json']], body: payload };
  }
  return { ...headOf(value, gateway), body: bodyOf(value) };
}

/**
 * Status and headers for the prelude of a streamed answer.
 *
 * @throws MalformedResponseError where it is no JSON, or its status or headers are none
 */
export function fromPrelude(prelude: Buffer, gateway: Gateway): ResponseHead {
  const value = parsed(prelude);
  return headOf(isStructured(value) ? value : { ...(value as object), statusCode: 200 }, gateway);
}

function headOf({ statusCode, headers = {}, cookies = [] }: Structured, gateway: Gateway): ResponseHead {
  const status = Number(statusCode);
  if (!Number.isInteger(status) || status < 100 || status > 599) {
    throw new MalformedResponseError(`No status: ${JSON.stringify(statusCode)}`);
  }
  const list = Object.entries(headers).map(([name, value]): [string, string] => [
    renamed(name, gateway),
    text(value),
  ]);
  if (!list.some(([name]) => name.toLowerCase() === 'content-type')) {
    list.push(['Content-Type', gateway.defaultContentType]);
  }
  for (const cookie of cookies) list.push(['Set-Cookie', text(cookie)]);
  return { status, headers: list };
}

/** The name as the function wrote it, behind the prefix. */
function renamed(name: string, gateway: Gateway): string {
  return gateway.changesHeaders && REMAPPED.has(name.toLowerCase()) ? `x-amzn-Remapped-${name}` : name;
}

function bodyOf({ body, isBase64Encoded = false }: Structured): Buffer {
  if (body === undefined || body === null) return Buffer.alloc(0);
  return Buffer.from(text(body), isBase64Encoded ? 'base64' : 'utf8');
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function parsed(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString());
  } catch {
    throw new MalformedResponseError('The answer is no JSON');
  }
}

function isStructured(value: unknown): value is Structured {
  return typeof value === 'object' && value !== null && 'statusCode' in value;
}
