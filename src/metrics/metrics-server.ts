import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** Longer than the time between two scrapes, so that a scrape does not meet a closing connection. */
const KEEP_ALIVE_MS = 65_000;

/** The Prometheus text and its media type. */
export interface MetricsSource {
  readonly contentType: string;
  text(): Promise<string>;
}

/**
 * Serves `/metrics` on a separate port, which must not be reachable from outside: the metrics are not secret but not
 * public either.
 *
 * @param port 0 for a free one
 * @returns the port and the server
 * @throws the error of `listen`
 */
export async function serveMetrics(
  source: MetricsSource,
  host: string,
  port: number,
): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?', 1)[0];
    if (path !== '/metrics' || (request.method !== 'GET' && request.method !== 'HEAD')) {
      response.writeHead(path === '/metrics' ? 405 : 404).end();
      return;
    }
    source.text().then(
      (text) => response.writeHead(200, { 'Content-Type': source.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.listen(port, host);
  await once(server, 'listening');
  // Scrapers keep their connections open. They must not delay the end of the process.
  server.unref();
  return { server, port: (server.address() as AddressInfo).port };
}
