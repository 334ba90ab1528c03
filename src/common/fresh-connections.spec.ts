import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Pool } from 'undici';
import { FreshConnections, KEEP_ALIVE_MS } from './fresh-connections.js';

describe('FreshConnections', () => {
  let server: Server;
  let connections: FreshConnections;
  let sockets: Socket[];

  beforeEach(async () => {
    sockets = [];
    server = createServer((_request, response) => response.end('ok'));
    server.on('connection', (socket) => sockets.push(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    connections = new FreshConnections(() => new Pool(`http://127.0.0.1:${port}`, { connections: 1 }));
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    await connections.destroy();
    server.close();
    server.closeAllConnections();
  });

  async function ask(): Promise<string> {
    const { body } = await connections.request({ path: '/', method: 'GET' });
    return body.text();
  }

  function freeze(ms: number): void {
    const wall = Date.now() + ms;
    jest.spyOn(Date, 'now').mockReturnValue(wall);
  }

  it('uses a connection again', async () => {
    await ask();
    await ask();
    expect(sockets).toHaveLength(1);
  });

  it('uses none that was idle for too long while the process was frozen', async () => {
    await ask();
    const [old] = sockets;
    freeze(KEEP_ALIVE_MS + 2000);
    expect(await ask()).toBe('ok');
    expect(sockets).toHaveLength(2);
    await ask();
    expect(sockets).toHaveLength(2);
    expect(old?.destroyed || old?.readableEnded).toBe(true);
  });
});
