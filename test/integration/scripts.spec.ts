import { execFile } from 'node:child_process';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';

const run = promisify(execFile);

describe('npm run', () => {
  it.each([
    ['test:unit', 'secret-key', ['secret-key.spec.ts']],
    ['test:integration', 'table-ttl', ['table-ttl.spec.ts']],
    ['test:e2e', 'registration-r', ['registration-race.spec.ts', 'registration-rules.spec.ts']],
  ])(
    '%s takes the name of a file after --, and options',
    async (script, name, files) => {
      const { stdout } = await run('npm', ['run', '--silent', script, '--', name, '--listTests']);
      expect(
        stdout
          .trim()
          .split('\n')
          .filter((line) => line.endsWith('.spec.ts'))
          .map((path) => basename(path))
          .sort(),
      ).toEqual(files);
    },
    60_000,
  );
});
