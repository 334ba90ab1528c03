import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from './environment-reader.js';
import { readConfig } from './read-config.js';

const read = (origins: string) =>
  readConfig({ SECRET_KEY: 'f1d2d2f924e986ac86fdf7b36c94bcdf', CORS_ORIGINS: origins }).corsOrigins;

describe('CORS_ORIGINS', () => {
  it.each([
    ...[['https://app.example.com'], ['http://localhost:5173'], ['http://[::1]:3000']],
    ...[['capacitor://localhost'], ['ionic://localhost'], ['tauri://localhost']],
    ...[['http://tauri.localhost'], ['https://tauri.localhost'], ['capacitor://app.example.com']],
  ])('takes %s', (origin) => {
    expect(read(origin)).toEqual([origin]);
    expect(read(`https://a.example, ${origin}`)).toEqual(['https://a.example', origin]);
  });

  it.each([
    ...['*', 'https://*.b.example'].map((origin) => [
      origin,
      'has a *, which no browser sends: name each origin',
    ]),
    ['https://b.example/', 'has a slash at its end: leave it out'],
    ['capacitor://localhost/', 'has a slash at its end: leave it out'],
    ['https://b.example/app', 'has a path: leave out all that follows the host'],
    ['https://b.example/app/', 'has a path: leave out all that follows the host'],
    ['https://b.example?x', 'has a path: leave out all that follows the host'],
    ['tauri://localhost/index.html', 'has a path: leave out all that follows the host'],
    ['https://u:p@b.example', 'has a user or a password in it: leave them out'],
    ['https://B.example', 'is not as browsers send it: in lower case, and without the default port'],
    ['https://b.example:443', 'is not as browsers send it: in lower case, and without the default port'],
    ['Capacitor://localhost', 'is not as browsers send it: in lower case, and without the default port'],
    ...['b.example', 'localhost:5173', 'file://', 'null', 'https://', 'javascript:alert(1)'].map((origin) => [
      origin,
      'does not begin with a scheme and a host: http://, https://, capacitor://, ionic:// or tauri://',
    ]),
  ])('says what is wrong with %s, and which one it is', (origin, fault) => {
    const line = `CORS_ORIGINS must be a comma-separated list of origins such as https://app.example.com: entry 2 ${fault}`;
    expect(() => read(`https://a.example,${origin}`)).toThrow(
      expect.objectContaining({ constructor: ConfigurationError, problems: [line] }),
    );
  });
});
