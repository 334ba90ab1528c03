/**
 * The least that Node can do for a request: one constant JSON answer. What the service costs is put beside it.
 * Plain JavaScript, so that nothing stands between it and Node.
 *
 * Usage: node bare-server.mjs PORT
 */
import { createServer } from 'node:http';

const BODY = JSON.stringify({ status: 'ok' });

const server = createServer((_request, response) => {
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', Buffer.byteLength(BODY));
  response.end(BODY);
});

server.listen(Number(process.argv[2]), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
