import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import type { Load } from '../../../scripts/bench/load.js';
import type { Service } from './service.js';

type Server = Pick<Service, 'url'>;

/** A connection on which anything can be sent, HTTP or not. */
export interface RawClient {
  readonly socket: Socket;
  /** Everything received so far. */
  received(): string;
  /** Status of the first answer; 0 where there is none. */
  status(): number;
  /** Whether the other side has ended or cut it. */
  isOver(): boolean;
  /** Resolves when it has; with milliseconds since it was opened. */
  readonly over: Promise<number>;
}

/** Opens a connection and does nothing with it. */
export async function connect({ url }: Server): Promise<RawClient> {
  const { hostname, port } = new URL(url);
  const socket = createConnection({ host: hostname, port: Number(port), allowHalfOpen: true });
  const chunks: Buffer[] = [];
  let isOver = false;
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const opened = performance.now();
  const over = new Promise<number>((resolve) => {
    const end = () => {
      isOver = true;
      resolve(performance.now() - opened);
    };
    socket.once('end', end);
    socket.once('close', end);
  });
  const received = () => Buffer.concat(chunks).toString('latin1');
  return {
    socket,
    received,
    status: () => Number(/^HTTP\/1\.1 (\d{3})/.exec(received())?.[1] ?? 0),
    isOver: () => isOver,
    over,
  };
}

/** The head of a request, without the empty line at its end. */
export function head(method: string, path: string, headers: Record<string, string> = {}): string {
  const lines = Object.entries({ Host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}`);
  return [`${method} ${path} HTTP/1.1`, ...lines, ''].join('\r\n');
}

/** What became of a body that was sent until somebody stopped it. */
export interface Endless {
  readonly status: number;
  /** Bytes that left this process until the answer was there, and in the end. */
  readonly untilAnswer: number;
  readonly sent: number;
  /** When the answer was there, and when nothing more could be sent; milliseconds. */
  readonly answeredMs: number;
  readonly endedMs: number;
  /** Whether the service ended it, as opposed to all having been sent. */
  readonly cut: boolean;
}

/**
 * Sends a body in chunks, as fast as it is taken.
 *
 * @param limit bytes after which there is no more
 * @param stubborn whether it goes on when it is answered
 */
export async function sendEndless(
  server: Server,
  path: string,
  { limit, stubborn }: { limit: number; stubborn: boolean },
): Promise<Endless> {
  const client = await connect(server);
  const { socket } = client;
  const started = performance.now();
  const headers = { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' };
  socket.write(`${head('POST', path, headers)}\r\n`);
  const piece = Buffer.alloc(64 * 1024, ' ');
  const chunk = Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]);
  let [untilAnswer, answeredMs] = [0, 0];
  const taken = () => socket.bytesWritten - socket.writableLength;
  while (taken() < limit && !socket.destroyed && !client.isOver()) {
    if (!socket.write(chunk)) await Promise.race([once(socket, 'drain').catch(() => undefined), client.over]);
    else await new Promise((resolve) => setImmediate(resolve));
    if (answeredMs === 0 && client.status() !== 0) {
      answeredMs = performance.now() - started;
      untilAnswer = taken();
      if (!stubborn) break;
    }
  }
  const [sent, cut, endedMs] = [taken(), client.isOver(), performance.now() - started];
  socket.destroy();
  return { status: client.status(), untilAnswer, sent, answeredMs, endedMs, cut };
}

/**
 * Sends a text byte by byte, and never all of it.
 *
 * @param first what is sent at once
 */
export async function drip(server: Server, first: string, everyMs: number): Promise<RawClient> {
  const client = await connect(server);
  client.socket.write(first);
  void (async () => {
    for (; !client.isOver() && !client.socket.destroyed; await sleep(everyMs)) client.socket.write('a');
  })();
  return client;
}

/** Highest resident memory of a service while `work` runs, and that at its beginning; MiB. */
export async function memoryDuring<T>(
  service: Pick<Service, 'memory'>,
  work: () => Promise<T>,
): Promise<{ result: T; growth: number }> {
  const before = service.memory();
  let most = before;
  const timer = setInterval(() => (most = Math.max(most, service.memory())), 20);
  try {
    const result = await work();
    return { result, growth: Math.max(most, service.memory()) - before };
  } finally {
    clearInterval(timer);
  }
}

/** Requests as fast as they are answered. */
export interface Pace extends Load {
  readonly seconds: number;
  /** Whether they are sent by a thread of their own, so as not to slow down whoever measures in this one. */
  readonly apart?: boolean;
}

/** What came of it. */
export interface Sent {
  /** How many answers had each status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Requests without an answer. */
  readonly errors: number;
  /** Answers a second. */
  readonly rate: number;
}

/** Sends requests for a while, over connections that stay open. */
export async function sendSteadily({ seconds, apart, ...load }: Pace): Promise<Sent> {
  const options: autocannon.Options = {
    ...load,
    duration: seconds,
    sampleInt: 50,
    ...(apart === true && { workers: 1 }),
  };
  const result = await autocannon(options);
  const stats = Object.entries(result.statusCodeStats ?? {});
  const statuses = Object.fromEntries(stats.map(([status, { count = 0 }]) => [status, count]));
  const answered = Object.values(statuses).reduce((sum, n) => sum + n, 0);
  return { statuses, errors: result.errors, rate: answered / result.duration };
}
