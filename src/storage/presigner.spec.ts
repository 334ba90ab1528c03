import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Presigner, type SigningRequest } from './presigner.js';

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
/** 2025-09-25T01:06:21.987Z; signatures have no fraction. */
const NOW = 1_758_762_381_987;

describe('Presigner', () => {
  const clients: S3Client[] = [];

  beforeEach(() => void jest.spyOn(Date, 'now').mockReturnValue(NOW));

  afterEach(() => {
    jest.restoreAllMocks();
    for (const client of clients.splice(0)) client.destroy();
  });

  function clientOf(config: S3ClientConfig = {}): S3Client {
    const client = new S3Client({
      region: 'us-east-1',
      credentials,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      ...config,
    });
    clients.push(client);
    return client;
  }

  const get = (key: string): SigningRequest => ({ method: 'GET', key, expiresInSeconds: 300 });

  it.each<[string, string, S3ClientConfig, string]>([
    ['an ordinary name', 'audio', {}, 'https://audio.s3.us-east-1.amazonaws.com/a/b.m4a'],
    [
      'a name with dots, for which AWS has no certificate',
      'my.audio',
      {},
      'https://s3.us-east-1.amazonaws.com/my.audio/a/b.m4a',
    ],
    [
      'another region',
      'audio',
      { region: 'eu-central-1' },
      'https://audio.s3.eu-central-1.amazonaws.com/a/b.m4a',
    ],
    [
      'a region in China',
      'audio',
      { region: 'cn-north-1' },
      'https://audio.s3.cn-north-1.amazonaws.com.cn/a/b.m4a',
    ],
    [
      'a stand-in for S3',
      'audio',
      { endpoint: 'http://127.0.0.1:9000', forcePathStyle: true },
      'http://127.0.0.1:9000/audio/a/b.m4a',
    ],
    [
      'a stand-in for S3 with a certificate',
      'audio',
      { endpoint: 'https://s3.example.com', forcePathStyle: true },
      'https://s3.example.com/audio/a/b.m4a',
    ],
  ])('knows where the bucket is: %s', async (_what, bucket, config, address) => {
    const { url } = await new Presigner(clientOf(config), bucket).sign(get('a/b.m4a'));
    expect(url.split('?')[0]).toBe(address);
  });

  it('signs key, method, headers and time, and nothing of a body', async () => {
    const signed = await new Presigner(clientOf(), 'audio').sign({
      method: 'PUT',
      key: 'a.wav',
      headers: { 'Content-Type': 'audio/wav', 'Content-Length': '4', 'x-amz-checksum-sha256': 'c2hh' },
      expiresInSeconds: 900,
    });
    expect(signed).toEqual({ url: expect.any(String), expiresAt: 1_758_762_381 + 900 });
    expect(Object.fromEntries(new URL(signed.url).searchParams)).toEqual({
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD',
      'X-Amz-Credential': 'AKIDEXAMPLE/20250925/us-east-1/s3/aws4_request',
      'X-Amz-Date': '20250925T010621Z',
      'X-Amz-Expires': '900',
      'X-Amz-Signature': expect.stringMatching(/^[0-9a-f]{64}$/),
      'X-Amz-SignedHeaders': 'content-length;content-type;host;x-amz-checksum-sha256',
    });
  });

  it('takes the token of a role along', async () => {
    const client = clientOf({ credentials: { ...credentials, sessionToken: 'to/ken+=' } });
    const { url } = await new Presigner(client, 'audio').sign(get('a'));
    expect(new URL(url).searchParams.get('X-Amz-Security-Token')).toBe('to/ken+=');
  });

  it.each([
    ['a b.m4a', 'a%20b.m4a'],
    ['früh/💚', 'fr%C3%BCh/%F0%9F%92%9A'],
    ['1+1=2', '1%2B1%3D2'],
    ['100%25', '100%2525'],
    ["?#&!'()*", '%3F%23%26%21%27%28%29%2A'],
    ['a-b_c.d~e', 'a-b_c.d~e'],
  ])('writes the key %s as %s', async (key, path) => {
    const { url } = await new Presigner(clientOf(), 'audio').sign(get(key));
    expect(url.split('?')[0]).toBe(`https://audio.s3.us-east-1.amazonaws.com/${path}`);
    expect(new URL(url).pathname).toBe(`/${path}`);
  });

  it('gives the same address for the same request in the same second, and another one for any other', async () => {
    const presigner = new Presigner(clientOf(), 'audio');
    const urlOf = async (request: SigningRequest) => (await presigner.sign(request)).url;
    const first = await urlOf(get('a'));
    expect(await urlOf(get('a'))).toBe(first);
    const others = await Promise.all([
      urlOf(get('b')),
      urlOf({ ...get('a'), method: 'PUT' }),
      urlOf({ ...get('a'), expiresInSeconds: 301 }),
      urlOf({ ...get('a'), headers: { 'Content-Type': 'audio/wav' } }),
    ]);
    const signatures = [first, ...others].map((url) => new URL(url).searchParams.get('X-Amz-Signature'));
    expect(new Set(signatures).size).toBe(5);
  });

  it('looks up only once where the bucket is, however many ask at once', async () => {
    const client = clientOf();
    const lookups = countLookups(client);
    const presigner = new Presigner(client, 'audio');
    await Promise.all([presigner.sign(get('a')), presigner.sign(get('b'))]);
    await presigner.sign(get('c'));
    expect(lookups()).toBe(1);
  });

  it('looks again after a lookup that failed', async () => {
    const failure = new Error('no credentials yet');
    const provider = jest.fn(() => Promise.resolve(credentials)).mockRejectedValueOnce(failure);
    const client = clientOf({ credentials: provider });
    const lookups = countLookups(client);
    const presigner = new Presigner(client, 'audio');
    await expect(presigner.sign(get('a'))).rejects.toThrow('no credentials yet');
    const { url } = await presigner.sign(get('a'));
    expect(url).toMatch(/^https:\/\/audio\.s3\.us-east-1\.amazonaws\.com\/a\?/);
    expect(lookups()).toBe(2);
  });

  /** Counts the requests that the SDK builds. None may be sent. */
  function countLookups(client: S3Client): () => number {
    let count = 0;
    client.middlewareStack.add(
      (next) => (step) => {
        count++;
        return next(step);
      },
      { step: 'initialize', name: 'count' },
    );
    return () => count;
  }
});
