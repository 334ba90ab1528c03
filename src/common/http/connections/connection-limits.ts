import type { Server } from 'node:http';

/** What a client has for sending the headers, and for the whole request: at most 16 KB and 100 KB. Milliseconds. */
const HEADERS_MS = 6_000;
const REQUEST_MS = 9_000;
/**
 * How long a connection may be still while it has an answer to take; nothing here takes that long to make. Node looks a
 * second time before it cuts one with unsent data, so that it is a minute.
 */
const STALLED_MS = 30_000;
/** How often Node looks for those who take longer. */
const CHECK_MS = 500;

/**
 * Cuts connections whose requests come in drops, which would hold sockets for minutes. Before the server listens.
 *
 * @param keepAliveMs how long a connection without a request stays open; the other limits are those of requests
 */
export function limitConnections(server: Server, keepAliveMs: number): void {
  server.keepAliveTimeout = keepAliveMs;
  server.headersTimeout = HEADERS_MS;
  server.requestTimeout = REQUEST_MS;
  // Whoever sends requests and reads no answers would keep the places of all of them.
  server.timeout = STALLED_MS;
  // An option of `createServer`, which Nest calls; read when the server begins to listen.
  Object.assign(server, { connectionsCheckingInterval: CHECK_MS });
}
