import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { type Credentials, Signer } from './signer.js';

/** From the published examples. */
const EXAMPLE: Credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};
const EXAMPLE_TIME = Date.UTC(2015, 7, 30, 12, 36, 0);

/** The interface that the SDK expects of a hash. */
class Sha256 {
  private readonly hash;

  constructor(secret?: unknown) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as Buffer);
  }
  update(data: string | Uint8Array): void {
    this.hash.update(data);
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(this.hash.digest()));
  }
  reset(): void {
    throw new Error('Not used');
  }
}

describe('Signer', () => {
  it.each([
    // post-vanilla, post-header-key-sort and post-sts-header-before of the test suite of Signature Version 4.
    [
      'a POST',
      { host: 'example.amazonaws.com' },
      undefined,
      'SignedHeaders=host;x-amz-date, Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
    ],
    [
      'a POST with another header',
      { host: 'example.amazonaws.com', 'my-header1': 'value1' },
      undefined,
      'SignedHeaders=host;my-header1;x-amz-date, Signature=c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c',
    ],
    [
      'a POST with a session token',
      { host: 'example.amazonaws.com' },
      'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==',
      'SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead',
    ],
  ])('signs %s as the published examples do', (_what, headers, sessionToken, authorization) => {
    const signed = new Signer('service', 'us-east-1').sign(
      { path: '/', headers: headers, body: '' },
      { ...EXAMPLE, sessionToken },
      EXAMPLE_TIME,
    );
    expect(signed['authorization']).toBe(
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, ${authorization}`,
    );
  });

  it('signs whatever is sent as the SDK does, one signer for all days and keys', async () => {
    const signer = new Signer('dynamodb', 'eu-central-1');
    const text = fc.string({ minLength: 1, maxLength: 40 }).filter((value) => value.trim() !== '');
    const key = fc.stringMatching(/^[A-Za-z0-9/+]{16,40}$/);
    const requests = fc.record({
      body: fc.string({ unit: 'binary', maxLength: 300 }),
      target: fc.constantFrom('GetItem', 'Query', 'TransactWriteItems'),
      host: fc.constantFrom('dynamodb.eu-central-1.amazonaws.com', '127.0.0.1:8000'),
      secret: key,
      token: fc.option(
        text.map((value) => Buffer.from(value).toString('base64')),
        { nil: undefined },
      ),
      time: fc.date({
        min: new Date('2020-01-01'),
        max: new Date('2099-12-31'),
        noInvalidDate: true,
      }),
    });
    await fc.assert(
      fc.asyncProperty(requests, async ({ body, target, host, secret, token, time }) => {
        const credentials = {
          accessKeyId: 'AKID',
          secretAccessKey: secret,
          ...(token && { sessionToken: token }),
        };
        const headers = {
          'content-type': 'application/x-amz-json-1.0',
          'x-amz-target': `DynamoDB_20120810.${target}`,
          host,
        };
        const reference = new SignatureV4({
          ...{ service: 'dynamodb', region: 'eu-central-1', credentials, applyChecksum: false },
          sha256: Sha256,
        });
        const theirs = await reference.sign(
          { method: 'POST', protocol: 'http:', hostname: host, path: '/', headers, body, query: {} } as never,
          { signingDate: time },
        );
        const ours = signer.sign({ path: '/', headers, body }, credentials, time.getTime());
        expect(ours).toEqual((theirs as unknown as { headers: object }).headers);
      }),
      { numRuns: 200 },
    );
  });
});
