import { once } from 'node:events';
import { Agent, type ClientRequest, createServer, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type SilentProxy, startSilentProxy } from '../../scripts/lambda/silent-proxy.js';

const server = createServer((_request, response) => void response.end('ok'));
let proxy: SilentProxy;

beforeEach(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await startSilentProxy({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
});

afterEach(async () => {
  await proxy.close();
  server.closeAllConnections();
  server.close();
});

async function open(): Promise<Socket> {
  const socket = connect(proxy.port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

async function ask(socket: Socket): Promise<string> {
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return answer.toString();
}

describe('the silent proxy', () => {
  it('passes requests on, over connections that are kept', async () => {
    const socket = await open();
    expect(await ask(socket)).toContain('200 OK');
    expect(await ask(socket)).toContain('200 OK');
    expect([proxy.connections, proxy.opened]).toEqual([1, 1]);
    socket.destroy();
  });

  it('drops connections without a sign: no answer, no end, no error; new ones are served', async () => {
    const socket = await open();
    expect(await ask(socket)).toContain('200 OK');
    proxy.dropSilently();
    const seen: string[] = [];
    for (const name of ['data', 'end', 'close', 'error', 'timeout']) socket.on(name, () => seen.push(name));
    expect(socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')).toBe(true);
    await sleep(500);
    expect(seen).toEqual([]);
    // The client closes its side: that is not answered either.
    socket.end();
    await sleep(200);
    expect(seen).toEqual([]);
    expect(proxy.connections).toBe(0);
    const fresh = await open();
    expect(await ask(fresh)).toContain('200 OK');
    fresh.destroy();
    socket.destroy();
  });

  it('is noticed by a client that keeps connections only by its own time-out', async () => {
    const agent = new Agent({ keepAlive: true });
    const get = (): ClientRequest => request(proxy.url, { agent, timeout: 300 }).end();
    const [first] = (await once(get(), 'response')) as [IncomingMessage];
    await text(first);
    proxy.dropSilently();
    const second = get();
    second.on('error', () => undefined);
    expect(await once(second, 'timeout')).toEqual([]);
    expect(second.reusedSocket).toBe(true);
    agent.destroy();
  });

  it('closes half-open connections with itself', async () => {
    const socket = await open();
    proxy.dropSilently();
    const closed = once(socket, 'close');
    socket.on('error', () => undefined).resume();
    await proxy.close();
    await closed;
    proxy = await startSilentProxy({ host: '127.0.0.1', port: 1 });
  });
});
