import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import express, { type NextFunction, type Request, type Response } from 'express';
import { currentRequest, DatabaseTime, runInRequest } from '../../request-context.js';
import { answerClientErrors } from '../problems/client-errors.js';
import { answerInOrder } from './pipelining.js';

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

describe('answerInOrder', () => {
  let server: Server;
  let client: Socket;
  let received: string;
  /** Requests that reached Express. */
  let seen: number;
  let begun: string[];
  let held: (() => void)[];

  beforeEach(async () => {
    begun = [];
    held = [];
    received = '';
    seen = 0;
    const app = express();
    app.use((_request, _response, next) => {
      seen++;
      next();
    });
    app.use((request, _response, next) =>
      runInRequest({ requestId: request.path, address: '', databaseTime: new DatabaseTime() }, next),
    );
    app.use(answerInOrder);
    // Answers with its context when the test allows it.
    app.use((_request, response) => {
      const path = currentRequest()?.requestId ?? '';
      begun.push(path);
      held.push(() => response.send(`answer to ${path};`));
    });
    app.use((_error: unknown, _request: Request, response: Response, _next: NextFunction) =>
      response.status(503).send('refused'),
    );
    server = createServer(app);
    answerClientErrors(server, pino({ enabled: false }));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    client.on('data', (chunk) => (received += chunk.toString())).on('error', () => undefined);
  });

  afterEach(() => {
    client.destroy();
    server.close();
    server.closeAllConnections();
  });

  async function until(condition: () => boolean): Promise<void> {
    for (let i = 0; !condition() && i < 500; i++) await sleep(10);
    expect(condition()).toBe(true);
  }
  const answers = () => [...received.matchAll(/answer to (\S+);/g)].map(([, path]) => path);

  it('serves the requests of a connection one after the other, in their order and each in its own context', async () => {
    client.write(get('/1') + get('/2') + get('/3'));
    for (const path of ['/1', '/2', '/3']) {
      await until(() => held.length === 1);
      await sleep(50);
      expect(begun.at(-1)).toBe(path);
      expect(held).toHaveLength(1);
      held.shift()?.();
    }
    await until(() => answers().length === 3);
    expect(answers()).toEqual(['/1', '/2', '/3']);
    client.write(get('/4'));
    await until(() => begun.length === 4);
  });

  it('tells the tenth at once that there are too many, behind the answers before it, and ends the connection', async () => {
    client.write(Array.from({ length: 20 }, (_, i) => get(`/${i}`)).join(''));
    const over = once(client, 'end');
    for (let i = 0; i < 9; i++) {
      await until(() => held.length === 1);
      held.shift()?.();
    }
    await over;
    expect(begun).toHaveLength(9);
    expect(answers()).toHaveLength(9);
    expect(received).toMatch(/HTTP\/1\.1 503 [^]*Connection: close[^]*refused$/);
  });

  it('makes no request of what else was read, thousands of tiny ones', async () => {
    const over = once(client, 'end');
    client.write(get('/').repeat(2000));
    for (let i = 0; i < 9; i++) {
      await until(() => held.length === 1);
      held.shift()?.();
    }
    await over;
    expect(begun).toHaveLength(9);
    // Those nine, and the refused one.
    expect(seen).toBe(10);
    expect(received.match(/HTTP\/1\.1/g)).toHaveLength(10);
  });

  it('serves none of those that wait when the connection goes', async () => {
    client.write(get('/1') + get('/2'));
    await until(() => held.length === 1);
    client.destroy();
    await sleep(100);
    held.shift()?.();
    await sleep(50);
    expect(begun).toEqual(['/1']);
  });

  it('answers what is no HTTP behind the answers before it, never as one of them', async () => {
    client.write(`${get('/1')}${get('/2')}no HTTP\r\n\r\n`);
    const over = once(client, 'close');
    for (let i = 0; i < 2; i++) {
      await until(() => held.length === 1);
      held.shift()?.();
    }
    await over;
    expect([...received.matchAll(/HTTP\/1\.1 \d+|answer to \/\d;/g)].map(([text]) => text)).toEqual([
      'HTTP/1.1 200',
      'answer to /1;',
      'HTTP/1.1 200',
      'answer to /2;',
      'HTTP/1.1 400',
    ]);
  });
});
