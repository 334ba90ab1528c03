import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { readConfig } from './read-config.js';

describe('.env.example', () => {
  const text = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
  const listed = [...text.matchAll(/^#?\s*([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name);
  // Set by the platform, not by whoever fills in the file.
  const notForTheFile = new Set(['UV_THREADPOOL_SIZE', 'AWS_SESSION_TOKEN', 'AWS_LAMBDA_FUNCTION_NAME']);

  it('lists every variable that is read', () => {
    const asked = new Set<string>();
    const environment = new Proxy<Record<string, string | undefined>>(
      { SECRET_KEY: 'f1d2d2f924e986ac86fdf7b36c94bcdf' },
      {
        get: (values, name) => {
          asked.add(String(name));
          return values[String(name)];
        },
      },
    );
    readConfig(environment);
    expect([...asked].filter((name) => !notForTheFile.has(name) && !listed.includes(name))).toEqual([]);
  });
});
