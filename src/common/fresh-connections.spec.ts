import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Pool } from 'undici';
import { FreshConnections, KEEP_ALIVE_MS } from './fresh-connections.js';

const realNow = Date.now.bind(Date);
/** Goes on from test to test, since the clock of the process never goes back. */
let wallMs = 0;

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
    wallMs = Math.max(wallMs, realNow()) + ms;
    jest.spyOn(Date, 'now').mockReturnValue(wallMs);
  }

  it('uses a connection again', async () => {
    await ask();
    await ask();
    expect(sockets).toHaveLength(1);
  });

  it('uses none that was idle in many short pauses, since another one may have been used meanwhile', async () => {
    await ask();
    for (let n = 1; n <= 3; n++) {
      freeze(KEEP_ALIVE_MS / 4);
      await ask();
    }
    expect(sockets).toHaveLength(1);
    freeze(KEEP_ALIVE_MS / 2);
    await ask();
    expect(sockets).toHaveLength(2);
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
