import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';
import { type DatabaseStub, startDatabaseStub } from '../../support/database-stub.js';
import { startStorageStub, type StorageStub } from '../../support/storage-stub.js';

/**
 * What a proxy does with its connections, those there are and new ones: lets everything `pass`, has no open port
 * (`refuse`), accepts and lets nothing through (`hang`), lets requests through and no answers (`mute`), ends every
 * connection with its first bytes (`cut`), resets it (`reset`), or brings answers late.
 *
 * What `hang` and `mute` held back goes on its way with the next `pass`.
 */
export type ProxyMode = 'pass' | 'refuse' | 'hang' | 'mute' | 'cut' | 'reset' | { readonly delayMs: number };

/** Stands before a service, to fail as a network does. */
export interface Proxy {
  readonly port: number;
  /** `http://127.0.0.1:<port>`, for whom speaks HTTP. */
  readonly endpoint: string;
  /** Connections open now. */
  readonly connections: number;
  /** Pieces of answers held back by `mute` so far. */
  readonly held: number;
  /** Switches; resolves when the new mode is in force. */
  set(mode: ProxyMode): Promise<void>;
  close(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
  /** Bytes on their way to the service, and back. */
  readonly requests: Buffer[];
  readonly answers: Buffer[];
}

/** Starts a proxy on a free port. @param target where connections go, as `http://…`, `redis://…` */
export async function startProxy(target: string): Promise<Proxy> {
  const { hostname, port: targetPort } = new URL(target);
  const pairs = new Set<Pair>();
  let mode: ProxyMode = 'pass';
  let port = 0;
  let held = 0;
  let server: Server | undefined;

  const end = (pair: Pair): void => {
    pairs.delete(pair);
    if (mode === 'reset') pair.client.resetAndDestroy();
    else pair.client.destroy();
    pair.upstream.destroy();
  };
  const flow = (pair: Pair): void => {
    if (mode === 'cut' || mode === 'reset' || mode === 'refuse') return end(pair);
    if (mode === 'hang') return;
    for (const chunk of pair.requests.splice(0)) pair.upstream.write(chunk);
    if (mode === 'mute') return;
    const answers = pair.answers.splice(0);
    if (typeof mode === 'object') {
      setTimeout(() => answers.forEach((chunk) => pair.client.write(chunk)), mode.delayMs).unref();
    } else {
      for (const chunk of answers) pair.client.write(chunk);
    }
  };
  const accept = (client: Socket): void => {
    const upstream = createConnection({ host: hostname, port: Number(targetPort) });
    const pair: Pair = { client, upstream, requests: [], answers: [] };
    pairs.add(pair);
    client.setNoDelay(true).on('data', (chunk) => {
      pair.requests.push(chunk);
      flow(pair);
    });
    upstream.setNoDelay(true).on('data', (chunk) => {
      pair.answers.push(chunk);
      if (mode === 'mute') held++;
      flow(pair);
    });
    for (const socket of [client, upstream]) {
      socket.on('error', () => undefined);
      // A server that ends a connection is seen to end it, but not while nothing gets through.
      socket.on('close', () => {
        if (socket === client || (mode !== 'hang' && mode !== 'mute')) end(pair);
      });
    }
  };
  const listen = async (): Promise<void> => {
    server = createServer(accept).listen(port, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  };
  const stopListening = async (): Promise<void> => {
    const closed = server && once(server, 'close');
    server?.close();
    server = undefined;
    for (const pair of pairs) end(pair);
    await closed;
  };

  await listen();
  return {
    port,
    endpoint: `http://127.0.0.1:${port}`,
    get connections() {
      return pairs.size;
    },
    get held() {
      return held;
    },
    async set(next) {
      mode = next;
      if (mode === 'refuse') return stopListening();
      if (!server) await listen();
      for (const pair of pairs) flow(pair);
    },
    close: stopListening,
  };
}

/** Before the database of the tests: a {@link Proxy}, and a {@link DatabaseStub} that decides call by call. */
export async function startDatabaseProxy(): Promise<Proxy & Pick<DatabaseStub, 'behave' | 'calls'>> {
  return inFrontOf(await startDatabaseStub());
}

/** The same before the object store. */
export async function startStorageProxy(): Promise<Proxy & Pick<StorageStub, 'behave' | 'calls'>> {
  return inFrontOf(await startStorageStub());
}

async function inFrontOf<Stub extends { endpoint: string; close(): Promise<void> }>(
  stub: Stub,
): Promise<Omit<Stub, keyof Proxy> & Proxy> {
  const proxy = await startProxy(stub.endpoint);
  const both = Object.create(stub) as Omit<Stub, keyof Proxy> & Proxy;
  Object.defineProperties(both, Object.getOwnPropertyDescriptors(proxy));
  Object.defineProperty(both, 'close', {
    value: async () => {
      await proxy.close();
      await stub.close();
    },
  });
  return both;
}
