import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchGetCommand, GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createDocumentClient } from '../../src/database/clients.js';
import { DirectDocumentClient } from '../../src/database/transport/direct-client.js';

const GET = new GetCommand({ TableName: 't', Key: { id: 'a' } });
const JSON_TYPE = { 'Content-Type': 'application/x-amz-json-1.0', 'x-amzn-requestid': 'the-id' };
const ITEM = '{"Item":{"id":{"S":"a"}}}';

type Answer = (request: IncomingMessage, response: ServerResponse, times: number, body: string) => void;
type Credentials = { accessKeyId: string; secretAccessKey: string; sessionToken?: string; expiration?: Date };

/** A service that fails as DynamoDB and what is before it do. */
describe('the direct transport', () => {
  let server: Server;
  let answer: Answer;
  let times: number;
  const opened: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    server = createServer((request, response) => {
      void buffer(request).then((body) => answer(request, response, ++times, body.toString()));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });

  afterEach(async () => {
    for (const client of opened.splice(0)) await client.close();
  });

  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });

  function clientOf(
    behaviour: Answer,
    {
      credentials = { accessKeyId: 'a', secretAccessKey: 'b' },
      budgetMs = 2000,
    }: { credentials?: Credentials | (() => Promise<Credentials>); budgetMs?: number } = {},
  ): DirectDocumentClient {
    [answer, times] = [behaviour, 0];
    const client = new DynamoDBClient({
      ...{ region: 'us-east-1', credentials, maxAttempts: 2 },
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    });
    const direct = new DirectDocumentClient(client, createDocumentClient(client), budgetMs);
    opened.push(direct);
    return direct;
  }
  const ok = (response: ServerResponse, body = ITEM) => response.writeHead(200, JSON_TYPE).end(body);
  const refuse = (response: ServerResponse, status: number, name: string, headers: object = {}) =>
    response
      .writeHead(status, { ...JSON_TYPE, ...headers })
      .end(JSON.stringify({ __type: `x#${name}`, message: name }));

  it.each<[string, Answer]>([
    ['throttling', (_request, response) => refuse(response, 400, 'ThrottlingException')],
    ['a fault on the other side', (_request, response) => refuse(response, 500, 'InternalServerError')],
    [
      'a page of a proxy',
      (_request, response) => response.writeHead(502, { 'Content-Type': 'text/html' }).end('<html>'),
    ],
    ['a connection that is reset', (request) => request.socket.destroy()],
    [
      'an answer that is cut short',
      (request, response) => {
        response
          .writeHead(200, { ...JSON_TYPE, 'Content-Length': 100 })
          .write(ITEM, () => request.socket.destroy());
      },
    ],
    [
      'a corrupt answer',
      (_request, response) => response.writeHead(200, { ...JSON_TYPE, 'x-amz-crc32': '1' }).end(ITEM),
    ],
    ['half of an answer', (_request, response) => ok(response, ITEM.slice(0, -3))],
  ])('tries once more after %s, and tells how often it tried', async (_what, failure) => {
    const again = clientOf((request, response, n, body) =>
      n === 1 ? failure(request, response, n, body) : ok(response),
    );
    expect(await again.send(GET)).toMatchObject({
      Item: { id: 'a' },
      $metadata: { attempts: 2, requestId: 'the-id' },
    });
    const never = clientOf(failure);
    await expect(never.send(GET)).rejects.toMatchObject({ $metadata: { attempts: 2 } });
    expect(times).toBe(2);
  });

  it('tries nothing again that was refused', async () => {
    const client = clientOf((_request, response) => refuse(response, 400, 'ConditionalCheckFailedException'));
    await expect(client.send(GET)).rejects.toMatchObject({
      name: 'ConditionalCheckFailedException',
      $metadata: { attempts: 1 },
    });
  });

  it.each([-10, 10])('signs with the time of DynamoDB where the clock is %d minutes off', async (minutes) => {
    const theirs = () => Date.now() + minutes * 60_000;
    const client = clientOf((request, response) => {
      const [, y, mo, d, h, m, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(
        String(request.headers['x-amz-date']),
      ) as unknown as string[];
      const signedAt = Date.parse(`${y}-${mo}-${d}T${h}:${m}:${s}Z`);
      const date = { Date: new Date(theirs()).toUTCString() };
      if (Math.abs(signedAt - theirs()) > 300_000) refuse(response, 400, 'InvalidSignatureException', date);
      else ok(response);
    });
    expect((await client.send(GET)).$metadata.attempts).toBe(2);
    // Known from then on.
    expect((await client.send(GET)).$metadata.attempts).toBe(1);
  });

  it('does not try again where the signature is wrong for another reason', async () => {
    const client = clientOf((_request, response) => refuse(response, 400, 'InvalidSignatureException'));
    await expect(client.send(GET)).rejects.toMatchObject({ $metadata: { attempts: 1 } });
  });

  it('loses no request while temporary credentials are renewed', async () => {
    // The SDK renews what ends within five minutes.
    const lifetimeMs = 300_000 + 150;
    let issued = 0;
    const credentials = () =>
      Promise.resolve({
        ...{
          accessKeyId: `KEY${++issued}`,
          secretAccessKey: `secret ${issued}`,
          sessionToken: `token ${issued}`,
        },
        expiration: new Date(Date.now() + lifetimeMs),
      });
    const used = new Set<string>();
    const client = clientOf(
      (request, response, _times, body) => {
        const key = Number(/Credential=KEY(\d+)\//.exec(String(request.headers.authorization))?.[1]);
        used.add(`${key} ${String(request.headers['x-amz-security-token'])}`);
        // Those that were renewed before the request began have ended.
        if (key < Number(/"S":"(\d+)"/.exec(body)?.[1])) refuse(response, 400, 'ExpiredTokenException');
        else ok(response);
      },
      { credentials },
    );
    const end = performance.now() + 1500;
    let sent = 0;
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (; performance.now() < end; sent++) {
          const get = new GetCommand({ TableName: 't', Key: { id: String(issued) } });
          expect((await client.send(get)).Item).toEqual({ id: 'a' });
        }
      }),
    );
    expect(sent).toBeGreaterThan(100);
    expect(used.size).toBeGreaterThan(4);
    for (const one of used) expect(one).toMatch(/^(\d+) token \1$/);
  });

  it('tells of credentials that cannot be had, and has them when they come', async () => {
    let isThere = false;
    const credentials = () =>
      isThere
        ? Promise.resolve({ accessKeyId: 'a', secretAccessKey: 'b' })
        : Promise.reject(Object.assign(new Error('none'), { name: 'CredentialsProviderError' }));
    const client = clientOf((_request, response) => ok(response), { credentials });
    await expect(client.send(GET)).rejects.toMatchObject({ name: 'CredentialsProviderError' });
    isThere = true;
    expect((await client.send(GET)).Item).toEqual({ id: 'a' });
  });

  it('gives up a call when it is told to, before and while it is sent', async () => {
    const client = clientOf(() => undefined);
    const before = AbortSignal.abort();
    await expect(client.send(GET, { abortSignal: before })).rejects.toMatchObject({ name: 'AbortError' });
    expect(times).toBe(0);
    const started = performance.now();
    const during = AbortSignal.timeout(100);
    await expect(client.send(GET, { abortSignal: during })).rejects.toMatchObject({ name: 'AbortError' });
    expect(performance.now() - started).toBeLessThan(1000);
    expect(times).toBe(1);
  });

  it.each<[string, Answer]>([
    ['hangs', () => undefined],
    [
      'drips',
      (_request, response) => {
        response.writeHead(200, { ...JSON_TYPE, 'Content-Length': 50 }).write('{');
      },
    ],
  ])('waits for no answer for ever: %s', async (_how, behaviour) => {
    const client = clientOf(behaviour, { budgetMs: 500 });
    await expect(client.send(GET)).rejects.toMatchObject({
      name: 'TimeoutError',
      $metadata: { attempts: 2 },
    });
  });

  it('reads 16 MB', async () => {
    const row = JSON.stringify({ id: { S: 'a' }, text: { S: 'ü'.repeat(4000) } });
    const rows = Array.from({ length: 2000 }, () => row);
    const client = clientOf((_request, response) => ok(response, `{"Responses":{"t":[${rows.join()}]}}`), {
      budgetMs: 20_000,
    });
    const { Responses } = await client.send(
      new BatchGetCommand({ RequestItems: { t: { Keys: [{ id: 'a' }] } } }),
    );
    expect(Responses?.['t']).toHaveLength(2000);
    expect(Responses?.['t']?.at(-1)).toEqual({ id: 'a', text: 'ü'.repeat(4000) });
  });

  it('closes with calls under way, which fail', async () => {
    const client = clientOf(() => undefined);
    const call = expect(client.send(GET)).rejects.toThrow();
    await sleep(50);
    await client.close();
    await call;
  });
});
