/**
 * What a request allocates, and how much of it survives two collections (and so waits for a full one), in separate
 * processes: with the server of Nest's Express adapter and with that of this service; and with the built service, for a
 * request with a refused token, without and with V8's pretenuring. Units: bytes a request.
 *
 * `npm run bench:garbage`
 */
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { ExpressAdapter } from '@nestjs/platform-express';
import { freePort } from '../local-engines/ready.js';
import { ExpressServerAdapter } from '../../src/common/http/connections/express-server.adapter.js';

const REQUESTS = 20_000;
const AT_ONCE = 8;
const NAME_WIDTH = 38;

const TRACE = ['--trace-gc-nvp', '--max-semi-space-size=8'];

const ADAPTERS: Readonly<Record<string, new () => ExpressAdapter>> = {
  "Nest's adapter": ExpressAdapter,
  'this service': ExpressServerAdapter,
};

/** Serves requests that this process also sends: the client allocates the same for each adapter. */
async function serve(Adapter: new () => ExpressAdapter): Promise<void> {
  const adapter = new Adapter();
  adapter.initHttpServer({});
  adapter.get('/', (_request: unknown, response: { json(body: object): void }) =>
    response.json({ ok: true }),
  );
  const server = adapter.getHttpServer() as Server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await send((server.address() as AddressInfo).port);
  server.close();
}

/** Sends all requests over keep-alive connections. */
async function send(port: number, path = '/', headers: Readonly<Record<string, string>> = {}): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const ask = () =>
    new Promise<void>((resolve, reject) => {
      get({ port, host: '127.0.0.1', agent, path, headers }, (answer) =>
        answer.resume().once('end', resolve),
      ).once('error', reject);
    });
  for (let sent = 0; sent < REQUESTS; sent += AT_ONCE)
    await Promise.all(Array.from({ length: AT_ONCE }, ask));
  agent.destroy();
}

/** The garbage collection trace of the built service while it refuses tokens, which needs no database. */
async function traceService(flags: readonly string[]): Promise<string> {
  const port = await freePort();
  const env = {
    ...process.env,
    ...{
      SECRET_KEY: randomBytes(32).toString('hex'),
      HOST: '127.0.0.1',
      PORT: String(port),
      LOG_LEVEL: 'info',
    },
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    ...{ REGION_NAME: 'us-east-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' },
  };
  const service = spawn(process.execPath, [...TRACE, ...flags, 'dist/start.js'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  service.stdout.setEncoding('utf8');
  try {
    await new Promise<void>((resolve, reject) => {
      service.stdout.on('data', (text: string) => {
        output += text;
        if (output.includes('"listening"')) resolve();
      });
      service.once('exit', (code) => reject(new Error(`The service ended with ${code}; is it built?`)));
    });
    // Objects created at start are kept and are not garbage.
    const started = output.length;
    await send(port, '/api/user/audio-files', { Authorization: 'Bearer refused' });
    return output.slice(started);
  } finally {
    service.kill();
    if (service.exitCode === null && service.signalCode === null) await once(service, 'exit');
  }
}

function traceAdapter(name: string): string {
  const flags = [...TRACE, '--import', 'tsx'];
  return execFileSync(process.execPath, [...flags, fileURLToPath(import.meta.url), name], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
}

function line(name: string, trace: string): string {
  const sum = (field: string) =>
    [...trace.matchAll(new RegExp(`gc=s.* ${field}=(\\d+)`, 'g'))].reduce(
      (total, [, bytes]) => total + Number(bytes),
      0,
    );
  const each = (field: string) => String(Math.round(sum(field) / REQUESTS)).padStart(10);
  const full = [...trace.matchAll(/gc=mc/g)].length;
  return `${name.padEnd(NAME_WIDTH)}${each('allocated')}${each('promoted')}${String(full).padStart(18)}`;
}

const [, , name] = process.argv;
const Adapter = name === undefined ? undefined : ADAPTERS[name];
if (Adapter) {
  await serve(Adapter);
} else {
  process.stdout.write(`${'bytes a request'.padEnd(NAME_WIDTH)} allocated  promoted  full collections\n`);
  for (const each of Object.keys(ADAPTERS))
    process.stdout.write(`${line(`${each}, client included`, traceAdapter(each))}\n`);
  for (const flag of ['--allocation-site-pretenuring', '--no-allocation-site-pretenuring'])
    process.stdout.write(`${line(flag, await traceService([flag]))}\n`);
}
