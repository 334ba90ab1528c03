import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';

const ALGORITHM = 'AWS4-HMAC-SHA256';
const LAST_PART = 'aws4_request';

/** An access key, temporary where it has a session token. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** The signed parts of a request: always a POST without a query. */
export interface SignedRequest {
  readonly path: string;
  /** By lower-case name, including `host`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Signs requests to one service in one region by Signature Version 4. The signing key of a day is derived once for each
 * secret, and the date is formatted once a second.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export class Signer {
  private second = -1;
  private date = '';
  private key: { readonly day: string; readonly secret: string; readonly object: KeyObject } | undefined;

  constructor(
    private readonly service: string,
    private readonly region: string,
  ) {}

  /**
   * @param epochMs time of the signature; milliseconds
   * @returns the headers of the request and of the signature
   */
  sign(request: SignedRequest, credentials: Credentials, epochMs: number): Record<string, string> {
    const date = this.dateOf(epochMs);
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    const headers: Record<string, string> = { ...request.headers, 'x-amz-date': date };
    if (sessionToken !== undefined) headers['x-amz-security-token'] = sessionToken;
    const names = Object.keys(headers).sort();
    const signed = names.join(';');
    let canonical = `POST\n${request.path}\n\n`;
    for (const name of names)
      canonical += `${name}:${(headers[name] as string).trim().replace(/\s+/g, ' ')}\n`;
    canonical += `\n${signed}\n${hash('sha256', request.body)}`;
    const day = date.slice(0, 8);
    const scope = `${day}/${this.region}/${this.service}/${LAST_PART}`;
    const text = `${ALGORITHM}\n${date}\n${scope}\n${hash('sha256', canonical)}`;
    const signature = createHmac('sha256', this.keyOf(day, secretAccessKey)).update(text).digest('hex');
    headers['authorization'] =
      `${ALGORITHM} Credential=${accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
    return headers;
  }

  /** Formatted as `20150830T123600Z`. */
  private dateOf(epochMs: number): string {
    const second = Math.floor(epochMs / 1000);
    if (second !== this.second) {
      this.second = second;
      this.date = new Date(second * 1000).toISOString().replace(/[-:]|\.\d+/g, '');
    }
    return this.date;
  }

  private keyOf(day: string, secret: string): KeyObject {
    if (this.key?.day !== day || this.key.secret !== secret) {
      const parts = [day, this.region, this.service, LAST_PART];
      const bytes = parts.reduce<Buffer | string>(
        (key, part) => createHmac('sha256', key).update(part).digest(),
        `AWS4${secret}`,
      ) as Buffer;
      this.key = { day, secret, object: createSecretKey(bytes) };
    }
    return this.key.object;
  }
}
