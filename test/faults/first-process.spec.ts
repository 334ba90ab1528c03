import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../../scripts/local-engines/ready.js';

/** The end of what `node` is told, in the image and by npm. */
const PROGRAM = 'dist/start.js';
/** Stands for all that is loaded before the service has handlers of its own. */
const HOLD = `data:text/javascript,process.stdout.write('loading');await new Promise((go)=>setTimeout(go,3000))`;
/** The first process of its own space, which is what a container is to signals. */
const CONTAINED = ['--user', '--map-root-user', '--pid', '--fork', '--kill-child'];

const canContain = await new Promise<boolean>((resolve) => {
  spawn('unshare', [...CONTAINED, 'true'])
    .once('error', () => resolve(false))
    .once('exit', (code) => resolve(code === 0));
});

/** Where there is no such space to be had (a container without rights), the test is listed as skipped. */
(canContain ? describe : describe.skip)('the first process of a container', () => {
  const started: ChildProcess[] = [];

  afterAll(() => {
    for (const child of started) child.kill('SIGKILL');
  });

  it('ends on a SIGTERM that comes while it is being loaded', async () => {
    const [, list = ''] = /^CMD (\[.*\])$/m.exec(readFileSync('Dockerfile', 'utf8')) ?? [];
    const command = JSON.parse(list) as string[];
    expect(command.at(-1)).toBe(PROGRAM);
    const held = [...command.slice(0, -1), '--import', HOLD, PROGRAM];
    const child = spawn('unshare', [...CONTAINED, ...held], {
      env: {
        PATH: process.env['PATH'],
        HOST: '127.0.0.1',
        PORT: String(await freePort()),
        SECRET_KEY: randomBytes(32).toString('hex'),
      },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    started.push(child);
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const exited = once(child, 'exit') as Promise<[number | null]>;
    const serves = new Promise((resolve) => {
      child.stdout?.on('data', () => {
        if (output.includes('"listening"')) resolve('serves');
      });
    });
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    expect(output).toBe('loading');
    const { pid } = child;
    const first = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8').trim();
    process.kill(Number(first), 'SIGTERM');
    expect(await Promise.race([exited.then(([code]) => code), serves])).toBe(0);
  }, 60_000);
});
