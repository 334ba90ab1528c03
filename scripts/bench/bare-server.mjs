/**
 * The minimum that Node needs for a request: one constant JSON response. The cost of the service is compared with it.
 * Plain JavaScript, so that nothing is added to Node.
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
