import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { emfOutput } from './emf-output.js';

const FULL = '/dev/full';
if (!existsSync(FULL)) process.stderr.write(`Skipped: an output that is full, since there is no ${FULL}\n`);

describe('emfOutput', () => {
  it('has written each line when it returns', () => {
    const directory = mkdtempSync(join(tmpdir(), 'emf-'));
    const file = join(directory, 'out');
    const fd = openSync(file, 'w');
    const write = emfOutput(fd);
    write('{"a":1}');
    expect(readFileSync(file, 'utf8')).toBe('{"a":1}\n');
    write('{"b":2}');
    expect(readFileSync(file, 'utf8')).toBe('{"a":1}\n{"b":2}\n');
    closeSync(fd);
    rmSync(directory, { recursive: true });
  });

  (existsSync(FULL) ? it : it.skip)('fails nobody where the output is full', async () => {
    const fd = openSync(FULL, 'w');
    const write = emfOutput(fd);
    for (let n = 0; n < 100; n++) expect(() => write('x'.repeat(100_000))).not.toThrow();
    // Errors of streams come as events.
    await new Promise((resolve) => setImmediate(resolve));
    closeSync(fd);
  });
});
