import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP proxy whose connections can die without a sign. */
export interface SilentProxy {
  readonly port: number;
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Connections that are served now. */
  readonly connections: number;
  /** Connections that were opened so far. */
  readonly opened: number;
  /**
   * All connections that there are become half-open: what clients send is taken by the system and read by nobody, nothing is
   * answered, and neither a FIN nor an RST is sent. New connections are served.
   */
  dropSilently(): void;
  /** Closes everything, the half-open connections too. */
  close(): Promise<void>;
}

/** Starts a proxy on the loopback address for the server at `upstream`, for example a database engine. */
export async function startSilentProxy(upstream: { host: string; port: number }): Promise<SilentProxy> {
  const served = new Map<Socket, Socket>();
  const dropped = new Set<Socket>();
  let opened = 0;
  const server = createServer((client) => {
    opened += 1;
    const behind = connect(upstream);
    served.set(client, behind);
    client.pipe(behind);
    behind.pipe(client);
    const end = (): void => {
      if (dropped.has(client)) return;
      served.delete(client);
      client.destroy();
      behind.destroy();
    };
    for (const socket of [client, behind]) socket.once('error', end).once('close', end);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    get connections() {
      return served.size;
    },
    get opened() {
      return opened;
    },
    dropSilently: () => {
      for (const [client, behind] of served) {
        dropped.add(client);
        client.unpipe(behind);
        // Nobody sees that the client closes its side either: a paused socket is not read to its end.
        client.pause();
        behind.destroy();
      }
      served.clear();
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const [client, behind] of served) [client, behind].forEach((socket) => socket.destroy());
      for (const client of dropped) client.destroy();
      await closed;
    },
  };
}
