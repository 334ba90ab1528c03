import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** The part of a request and its response that is used. */
export interface Exchange {
  readonly req: { method?: string; url?: string; headers: NodeJS.Dict<string | string[]> };
  status: number;
  type: string;
  body: unknown;
  /** Without the query. Can be changed. */
  path: string;
  set(header: string, value: string): void;
  /** Removes a header from the response. */
  remove(header: string): void;
}

/** Why S3 would refuse a request, with the error code of S3. */
export interface Refusal {
  readonly code: 'AccessDenied' | 'SignatureDoesNotMatch' | 'InvalidAccessKeyId';
  readonly message: string;
}

/**
 * Verifies a presigned URL (Signature Version 4 in the query) like S3: nothing that was signed may differ (key, length,
 * type), and the URL must not have expired.
 *
 * @param secretOf returns the secret of an access key
 * @returns why it is refused; `undefined` if it is valid, or if there is no signature in the query
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
export function refusePresigned(
  { method = '', url = '', headers }: Exchange['req'],
  secretOf: (accessKeyId: string) => string | undefined,
  now = Date.now(),
): Refusal | undefined {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const parameter = (name: string) => searchParams.get(`X-Amz-${name}`) ?? '';
  const signature = parameter('Signature');
  if (signature === '') return undefined;

  const [accessKeyId = '', ...scope] = parameter('Credential').split('/');
  const secret = secretOf(accessKeyId);
  if (secret === undefined) {
    return { code: 'InvalidAccessKeyId', message: 'The access key does not exist in our records' };
  }
  const date = parameter('Date');
  const ends = instantOf(date) + Number(parameter('Expires')) * 1000;
  if (!(now < ends)) return { code: 'AccessDenied', message: 'Request has expired' };

  const query = [...searchParams]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort();
  const names = parameter('SignedHeaders').split(';');
  const lines = names.map(
    (name) =>
      `${name}:${String(headers[name] ?? '')
        .trim()
        .replace(/ +/g, ' ')}\n`,
  );
  const request = [method, pathname, query.join('&'), lines.join(''), names.join(';'), 'UNSIGNED-PAYLOAD'];
  const digest = createHash('sha256').update(request.join('\n')).digest('hex');
  const text = ['AWS4-HMAC-SHA256', date, scope.join('/'), digest].join('\n');
  const key = scope.reduce<string | Buffer>((parent, part) => hmac(parent, part), `AWS4${secret}`);
  const wanted = hmac(key, text).toString('hex');
  return wanted.length === signature.length && timingSafeEqual(Buffer.from(wanted), Buffer.from(signature))
    ? undefined
    : {
        code: 'SignatureDoesNotMatch',
        message: 'The request signature we calculated does not match the signature you provided',
      };
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** RFC 3986 encoding, which keeps fewer characters than `encodeURIComponent`. */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** `20250925T010621Z` in milliseconds; NaN for anything else. */
function instantOf(date: string): number {
  return Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}
