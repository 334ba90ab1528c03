import type { Server } from 'node:http';

/** Time limits for receiving the headers, and the whole request: at most 16 KB and 100 KB. Milliseconds. */
const HEADERS_MS = 6_000;
const REQUEST_MS = 9_000;
/**
 * How long a connection may be idle while a response is waiting to be read. No response takes that long to produce.
 * Node checks a second time before it closes a connection with unsent data, so that it is one minute in effect.
 */
const STALLED_MS = 30_000;
/** How often Node checks the time limits. */
const CHECK_MS = 500;

/**
 * Closes connections whose requests arrive too slowly, which would hold sockets for minutes. Call it before the server
 * listens.
 *
 * @param keepAliveMs how long a connection without a request stays open. The other limits apply to requests
 */
export function limitConnections(server: Server, keepAliveMs: number): void {
  server.keepAliveTimeout = keepAliveMs;
  server.headersTimeout = HEADERS_MS;
  server.requestTimeout = REQUEST_MS;
  // A client that sends requests and reads no responses would otherwise keep its connections for ever.
  server.timeout = STALLED_MS;
  // An option of `createServer`, which Nest calls. Node reads it when the server starts to listen.
  Object.assign(server, { connectionsCheckingInterval: CHECK_MS });
}
