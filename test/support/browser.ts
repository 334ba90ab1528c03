import { describe } from '@jest/globals';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** Path of the browser: `CHROMIUM`, or the first one on the PATH; `undefined` if there is none. */
function browserPath(): string | undefined {
  const { CHROMIUM, PATH = '' } = process.env;
  if (CHROMIUM !== undefined) return CHROMIUM;
  return PATH.split(delimiter)
    .flatMap((directory) => NAMES.map((name) => join(directory, name)))
    .find((path) => existsSync(path));
}

/** `describe` if there is a browser. Otherwise the tests are skipped, and a line reports it. */
export const describeWithBrowser: typeof describe | typeof describe.skip = chooseDescribe();

function chooseDescribe() {
  if (browserPath() !== undefined) return describe;
  process.stderr.write(
    'Skipped: the tests in a browser, since there is no Chromium on the PATH (Debian: apt-get install chromium)\n',
  );
  return describe.skip;
}

/** A headless browser. In a container the user is often root, for whom Chromium has no sandbox. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = browserPath();
  if (executablePath === undefined) throw new Error('There is no Chromium on the PATH');
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** An empty web application with its own origin. */
export interface WebOrigin {
  /** Such as `http://127.0.0.1:1234`. */
  readonly origin: string;
  close(): void;
}

export async function serveEmptyPage(): Promise<WebOrigin> {
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>App</title>');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => server.close(),
  };
}
