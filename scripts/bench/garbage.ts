/**
 * What a request allocates, and what of it survives two collections (and so waits for a full one): on the server of
 * Nest's own Express adapter and on that of this service, in processes of their own. Units: bytes a request.
 *
 * `npm run bench:garbage`
 */
import { execFileSync } from 'node:child_process';
import { Agent, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { ExpressAdapter } from '@nestjs/platform-express';
import { ExpressServerAdapter } from '../../src/common/http/express-server.adapter.js';

const REQUESTS = 20_000;
const AT_ONCE = 8;

const ADAPTERS: Readonly<Record<string, new () => ExpressAdapter>> = {
  "Nest's adapter": ExpressAdapter,
  'this service': ExpressServerAdapter,
};

/** Serves requests that are sent by this process, too: what the client makes is the same for each adapter. */
async function serve(Adapter: new () => ExpressAdapter): Promise<void> {
  const adapter = new Adapter();
  adapter.initHttpServer({});
  adapter.get('/', (_request: unknown, response: { json(body: object): void }) =>
    response.json({ ok: true }),
  );
  const server = adapter.getHttpServer() as Server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const ask = () =>
    new Promise<void>((resolve, reject) => {
      get({ port, host: '127.0.0.1', agent }, (answer) => answer.resume().once('end', resolve)).once(
        'error',
        reject,
      );
    });
  for (let sent = 0; sent < REQUESTS; sent += AT_ONCE)
    await Promise.all(Array.from({ length: AT_ONCE }, ask));
  agent.destroy();
  server.close();
}

function measure(name: string): string {
  const flags = ['--trace-gc-nvp', '--max-semi-space-size=8', '--import', 'tsx'];
  const trace = execFileSync(process.execPath, [...flags, fileURLToPath(import.meta.url), name], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const sum = (field: string) =>
    [...trace.matchAll(new RegExp(`gc=s.* ${field}=(\\d+)`, 'g'))].reduce(
      (total, [, bytes]) => total + Number(bytes),
      0,
    );
  const each = (field: string) => String(Math.round(sum(field) / REQUESTS)).padStart(10);
  const full = [...trace.matchAll(/gc=mc/g)].length;
  return `${name.padEnd(15)}${each('allocated')}${each('promoted')}${String(full).padStart(18)}`;
}

const [, , name] = process.argv;
const Adapter = name === undefined ? undefined : ADAPTERS[name];
if (Adapter) {
  await serve(Adapter);
} else {
  process.stdout.write(
    `bytes a request  allocated  promoted  full collections (${REQUESTS} requests, their client included)\n`,
  );
  for (const each of Object.keys(ADAPTERS)) process.stdout.write(`${measure(each)}\n`);
}
