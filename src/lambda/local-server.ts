import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'undici';
import { beginCall } from '../common/calls-under-way.js';
import { headersOf, type StreamedAnswer } from './answer.js';
import type { EventRequest } from './http-event.js';

/**
 * The HTTP server of the application on a socket of the file system, and a client of it: the requests of events go through the same
 * parser, limits and order of answers as those of a server. One at a time, as Lambda gives them.
 */
export class LocalServer {
  /** Of the request that is being answered. */
  private sourceIp = '';

  private constructor(private readonly client: Client) {}

  /** Lets the server of the application listen. */
  static async listen(server: Server): Promise<LocalServer> {
    const path = join(mkdtempSync(join(tmpdir(), 'api-')), 'http');
    const client = new Client('http://localhost', {
      socketPath: path,
      // One connection for all of the life of the environment; it ends with nothing but the process.
      keepAliveTimeout: 2 ** 31 - 1,
      keepAliveMaxTimeout: 2 ** 31 - 1,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const local = new LocalServer(client);
    local.prepare(server);
    server.listen(path);
    await once(server, 'listening');
    return local;
  }

  /**
   * Sends a request to the application.
   *
   * @throws InvalidArgumentError of undici where it is no request that can be sent
   */
  async send({ method, path, headers, body, sourceIp }: EventRequest): Promise<StreamedAnswer> {
    this.sourceIp = sourceIp;
    const answer = await this.client.request({
      method,
      path,
      headers,
      body: body ?? null,
    });
    return { statusCode: answer.statusCode, headers: headersOf(answer.headers), body: answer.body };
  }

  /** Ends the connection. */
  async close(): Promise<void> {
    await this.client.destroy();
  }

  /** Timers of a server would fire after a freeze, on a connection that is about to be used. */
  private prepare(server: Server): void {
    server.keepAliveTimeout = 0;
    server.headersTimeout = 0;
    server.requestTimeout = 0;
    server.timeout = 0;
    server.on('connection', (socket: Socket) => {
      // Whom Express takes for the peer: the client or the last proxy, as the gateway saw it.
      Object.defineProperty(socket, 'remoteAddress', { get: () => this.sourceIp });
    });
    server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => {
      // Until its log line is written.
      response.once('close', beginCall());
    });
  }
}
