/** An HTTP request as Lambda gives it: payload 2.0 of function URLs and HTTP APIs, the part that is read here. */
export interface HttpEvent {
  readonly version: '2.0';
  readonly rawPath: string;
  readonly rawQueryString?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: readonly string[];
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
  readonly requestContext: {
    /** `anonymous` of a function URL that needs no signature. */
    readonly accountId?: string;
    /** The host name of the front. */
    readonly domainName?: string;
    readonly http: { readonly method: string; readonly sourceIp?: string };
  };
}

/** The request of an event, as it is sent on. */
export interface EventRequest {
  readonly method: string;
  /** Path and query, percent-encoded. */
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Buffer | undefined;
  /** Network address of the client, as the gateway saw it. */
  readonly sourceIp: string;
}

/** An event that is no request, or none that can be read. The message is for the client. */
export class UnreadableEventError extends Error {
  override readonly name = 'UnreadableEventError';
}

/** What belongs to the connection between the client and the gateway, and what the way from here computes by itself. */
const DROPPED = new Set([
  ...['connection', 'content-length', 'expect', 'keep-alive', 'proxy-connection'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade'],
]);

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** What must not stand in a path or a query as it is. */
const UNENCODED_IN_PATH = /[^!$-;=@-Z[\]_a-z~]/gu;
const UNENCODED_IN_QUERY = /[^!$-;=?-Z[\]_a-z~]/gu;

/** Function URLs leave the path as it was sent, HTTP APIs decode it. */
const FUNCTION_URL = /\.lambda-url\./;

/**
 * Reads an event.
 *
 * @throws UnreadableEventError where it is of another source, or its body is no base64 although it says so
 */
export function requestOf(event: unknown): EventRequest {
  if (!isHttpEvent(event)) {
    throw new UnreadableEventError(
      'This function takes requests of function URLs and HTTP APIs (payload format 2.0)',
    );
  }
  const { method } = event.requestContext.http;
  const sourceIp = event.requestContext.http.sourceIp ?? '';
  return {
    method,
    path: targetOf(event),
    headers: headersOf(event, sourceIp),
    body: bodyOf(event),
    sourceIp,
  };
}

/** Path and query. What an HTTP API has decoded is encoded again, but for slashes, which cannot be told apart. */
function targetOf({ rawPath, rawQueryString, requestContext }: HttpEvent): string {
  const { accountId, domainName } = requestContext;
  const isRaw = accountId === 'anonymous' || FUNCTION_URL.test(domainName ?? '');
  const path = isRaw
    ? rawPath.replace(UNENCODED_IN_PATH, encoded)
    : rawPath.split('/').map(encodedSegment).join('/');
  const query = (rawQueryString ?? '').replace(UNENCODED_IN_QUERY, encoded);
  return query === '' ? path : `${path}?${query}`;
}

function encodedSegment(segment: string): string {
  return segment.replaceAll('%', '%25').replace(UNENCODED_IN_PATH, encoded);
}

/** A half of a surrogate pair, which is no character, becomes the one that stands for such. */
function encoded(character: string): string {
  return /\p{Surrogate}/u.test(character) ? '%EF%BF%BD' : encodeURIComponent(character);
}

/** Whether an event is of the payload format 2.0. */
function isHttpEvent(event: unknown): event is HttpEvent {
  const { version, rawPath, rawQueryString, headers, body, cookies, requestContext } = (event ??
    {}) as Partial<Record<keyof HttpEvent, unknown>>;
  const http = (requestContext as Partial<HttpEvent['requestContext']> | null | undefined)?.http;
  return (
    version === '2.0' &&
    typeof rawPath === 'string' &&
    rawPath.startsWith('/') &&
    isTextOrNothing(rawQueryString) &&
    isTextOrNothing(body) &&
    (isNothing(cookies) || Array.isArray(cookies)) &&
    (isNothing(headers) || Object.values(headers as object).every((value) => typeof value === 'string')) &&
    typeof http?.method === 'string' &&
    isTextOrNothing(http.sourceIp)
  );
}

function isTextOrNothing(value: unknown): boolean {
  return isNothing(value) || typeof value === 'string';
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}

function headersOf(event: HttpEvent, sourceIp: string): Record<string, string> {
  const [headers, cookies] = [event.headers ?? {}, event.cookies ?? []];
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (!DROPPED.has(lower)) kept[lower] = value;
  }
  if (cookies.length > 0) kept['cookie'] = cookies.join('; ');
  const forwarded = withoutGateway(kept['x-forwarded-for'], sourceIp);
  if (forwarded === undefined) delete kept['x-forwarded-for'];
  else kept['x-forwarded-for'] = forwarded;
  return kept;
}

/**
 * `X-Forwarded-For` without its last entry, the address that the gateway saw. That is the peer of the connection here, as a
 * server has it; what is left was written by proxies in front of the gateway, or by the client.
 */
function withoutGateway(forwarded: string | undefined, sourceIp: string): string | undefined {
  const hops = (forwarded ?? '').split(',').map((hop) => hop.trim());
  if (hops.at(-1) === sourceIp) hops.pop();
  return hops.length === 0 || hops.join() === '' ? undefined : hops.join(', ');
}

function bodyOf({ body, isBase64Encoded }: HttpEvent): Buffer | undefined {
  if (!body) return undefined;
  if (isBase64Encoded !== true) return Buffer.from(body);
  if (body.length % 4 !== 0 || !BASE64.test(body)) {
    throw new UnreadableEventError('The body of the request is not the base64 that it is said to be');
  }
  return Buffer.from(body, 'base64');
}
