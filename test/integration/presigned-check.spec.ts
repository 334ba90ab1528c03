import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { refusePresigned } from '../../scripts/local-engines/presigned.js';
import { Presigner } from '../../src/storage/presigner.js';

const SIGNED_AT = Date.parse('2025-09-25T01:06:21Z');
const MISMATCH = {
  code: 'SignatureDoesNotMatch',
  message: 'The request signature we calculated does not match the signature you provided',
};
const EXPIRED = { code: 'AccessDenied', message: 'Request has expired' };

describe('the check of presigned addresses in the stand-in for S3', () => {
  let client: S3Client;

  beforeAll(() => {
    client = new S3Client({
      region: 'us-east-1',
      endpoint: 'http://127.0.0.1:9000',
      forcePathStyle: true,
      credentials: { accessKeyId: 'local', secretAccessKey: 'a secret' },
      requestChecksumCalculation: 'WHEN_REQUIRED',
    });
  });

  afterAll(() => client.destroy());

  const secretOf = (id: string) => (id === 'local' ? 'a secret' : undefined);

  /** What the check says of a request to this address at a time, by default one second after it was signed. */
  function check(
    url: string,
    { method = 'GET', headers = {}, now = SIGNED_AT + 1000 }: Partial<CheckedRequest> = {},
  ) {
    const { host, pathname, search } = new URL(url);
    return refusePresigned(
      { method, url: `${pathname}${search}`, headers: { host, ...headers } },
      secretOf,
      now,
    );
  }

  const getUrl = (key = 'a/b.m4a', expiresIn = 300) =>
    getSignedUrl(client, new GetObjectCommand({ Bucket: 'audio', Key: key }), {
      expiresIn,
      signingDate: new Date(SIGNED_AT),
    });

  const type = { 'content-type': 'audio/wav', 'content-length': '4' };
  const putUrl = () =>
    getSignedUrl(
      client,
      new PutObjectCommand({ Bucket: 'audio', Key: 'a.wav', ContentType: 'audio/wav', ContentLength: 4 }),
      {
        signingDate: new Date(SIGNED_AT),
        signableHeaders: new Set(['host', 'content-type', 'content-length']),
      },
    );

  it.each(['a/b.m4a', 'früh 1+1=2 💚.m4a', '100%25', "?#&!'()*", 'a-b_c.d~e'])(
    'takes an address that the SDK signed for %s',
    async (key) => {
      expect(check(await getUrl(key))).toBeUndefined();
    },
  );

  it('takes an upload that the SDK signed with its headers', async () => {
    expect(check(await putUrl(), { method: 'PUT', headers: type })).toBeUndefined();
  });

  it.each([
    ['another type', { ...type, 'content-type': 'audio/mp4' }],
    ['another length', { ...type, 'content-length': '5' }],
    ['no type', { 'content-length': '4' }],
    ['another host', { ...type, host: 'localhost:9000' }],
  ])('refuses an upload with %s', async (_what, headers) => {
    expect(check(await putUrl(), { method: 'PUT', headers })).toEqual(MISMATCH);
  });

  it('takes what the service signs, and the service signs what the check takes', async () => {
    const presigner = new Presigner(client, 'audio');
    const headers = { 'Content-Type': 'audio/webm;codecs="vorbis, opus"', 'Content-Length': '4' };
    const request = { method: 'PUT', key: 'a b.webm', headers, expiresInSeconds: 900 } as const;
    const { url, expiresAt } = await presigner.sign(request);
    const sent = { 'content-type': headers['Content-Type'], 'content-length': '4' };
    const at = (now: number) => check(url, { method: 'PUT', headers: sent, now });
    expect(at(expiresAt * 1000 - 1)).toBeUndefined();
    expect(at(expiresAt * 1000)).toEqual(EXPIRED);
  });

  it('takes what the service signs of the answer to a download, and refuses any other', async () => {
    const query = {
      'response-content-type': 'audio/ogg;codecs="vorbis, opus"',
      'response-content-disposition': 'attachment; filename="a_.ogg"; filename*=UTF-8\'\'a%C3%BC.ogg',
    };
    const request = { method: 'GET', key: 'a b.ogg', query, expiresInSeconds: 300 } as const;
    const { url, expiresAt } = await new Presigner(client, 'audio').sign(request);
    const now = expiresAt * 1000 - 1;
    expect(check(url, { now })).toBeUndefined();
    expect(Object.fromEntries(new URL(url).searchParams)).toMatchObject(query);
    for (const name of Object.keys(query)) {
      const other = new URL(url);
      other.searchParams.set(name, 'text/html');
      expect(check(other.href, { now })).toEqual(MISMATCH);
      other.searchParams.delete(name);
      expect(check(other.href, { now })).toEqual(MISMATCH);
    }
  });

  it.each([
    ['the last millisecond', 299_999, undefined],
    ['the end of its time', 300_000, EXPIRED],
    ['a year later', 365 * 86_400_000, EXPIRED],
  ])('in %s answers so', async (_when, later, answer) => {
    expect(check(await getUrl(), { now: SIGNED_AT + later })).toEqual(answer);
  });

  it.each(['PUT', 'HEAD', 'DELETE', 'POST'])(
    'refuses the method %s of an address to download',
    async (method) => {
      expect(check(await getUrl(), { method })).toEqual(MISMATCH);
    },
  );

  it.each<[string, (url: string) => string, unknown]>([
    ['key', (url) => url.replace('b.m4a', 'c.m4a'), MISMATCH],
    ['bucket', (url) => url.replace('/audio/', '/other/'), MISMATCH],
    ['signature', (url) => url.replace(/(X-Amz-Signature=)[0-9a-f]{64}/, `$1${'0'.repeat(64)}`), MISMATCH],
    ['length of the signature', (url) => url.replace(/(X-Amz-Signature=)[0-9a-f]{64}/, '$10'), MISMATCH],
    ['time', (url) => url.replace('X-Amz-Expires=300', 'X-Amz-Expires=604800'), MISMATCH],
    ['date', (url) => url.replace('T010621Z', 'T010622Z'), MISMATCH],
    ['region', (url) => url.replace('us-east-1', 'eu-west-1'), MISMATCH],
    ['number of parameters', (url) => `${url}&response-content-type=text%2Fhtml`, MISMATCH],
    ['time that is none', (url) => url.replace('X-Amz-Expires=300', 'X-Amz-Expires=x'), EXPIRED],
    ['date that is none', (url) => url.replace('20250925T010621Z', 'today'), EXPIRED],
    [
      'access key',
      (url) => url.replace('local', 'nobody'),
      { code: 'InvalidAccessKeyId', message: 'The access key does not exist in our records' },
    ],
  ])('refuses another %s', async (_what, change, answer) => {
    const url = await getUrl();
    expect(change(url)).not.toBe(url);
    expect(check(change(url))).toEqual(answer);
  });

  it('refuses another secret', async () => {
    const { pathname, search, host } = new URL(await getUrl());
    const request = { method: 'GET', url: `${pathname}${search}`, headers: { host } };
    expect(refusePresigned(request, () => 'another', SIGNED_AT)).toEqual(MISMATCH);
  });

  it('has nothing to say of a request that is signed otherwise', () => {
    expect(check('http://127.0.0.1:9000/audio/a?list-type=2')).toBeUndefined();
  });

  it('agrees with the example in the documentation of AWS', () => {
    // https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
    const url =
      '/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256' +
      '&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request' +
      '&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
      '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404';
    const request = { method: 'GET', url, headers: { host: 'examplebucket.s3.amazonaws.com' } };
    const now = Date.parse('2013-05-24T12:00:00Z');
    const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
    expect(refusePresigned(request, () => secret, now)).toBeUndefined();
    expect(refusePresigned(request, () => secret, now + 86_400_000)).toEqual(EXPIRED);
  });
});

interface CheckedRequest {
  method: string;
  headers: Record<string, string>;
  now: number;
}
