import { describe, expect, it } from '@jest/globals';
import { deviceName } from './device-name.js';

const WEBKIT = 'AppleWebKit/537.36 (KHTML, like Gecko)';
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)';

describe('deviceName', () => {
  it.each([
    ['Safari on iPhone', `${IPHONE} Version/17.5 Mobile/15E148 Safari/604.1`],
    ['Chrome on iPhone', `${IPHONE} CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1`],
    [
      'Chrome on Windows',
      `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/126.0.0.0 Safari/537.36`,
    ],
    [
      'Chrome on Android',
      `Mozilla/5.0 (Linux; Android 10; K) ${WEBKIT} Chrome/126.0.0.0 Mobile Safari/537.36`,
    ],
    ['Firefox on Linux', 'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0'],
    [
      'Safari on macOS',
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15',
    ],
  ])('is "%s" for that browser', (name, userAgent) => {
    expect(deviceName(userAgent)).toBe(name);
  });

  it.each([
    ['Recorder 2.1', 'Recorder/2.1'],
    ['Recorder 2.1', 'Recorder/2.1.7 CFNetwork/1496.0.7 Darwin/23.5.0'],
    ['Recorder 2.1 on iPhone', 'Recorder/2.1 (iPhone; iOS 17.5)'],
    ['Decision Data 3.2 on Android', 'Decision Data/3.2 (Android 14; Pixel 8)'],
    ['okhttp 4.12', 'okhttp/4.12.0'],
    ['curl 8.5', 'curl/8.5.0'],
    ['Recorder', 'Recorder'],
  ])('is "%s" for an app that calls itself so', (name, userAgent) => {
    expect(deviceName(userAgent)).toBe(name);
  });

  it.each([undefined, '', ' ', '\t\u0000\u0007'])('is of an unknown device for %j', (userAgent) => {
    expect(deviceName(userAgent)).toBe('Unknown device');
  });

  it.each(['(weird)', '/', '///'])('is of an unknown app for %j', (userAgent) => {
    expect(deviceName(userAgent)).toBe('Unknown app');
  });

  it('has no control characters', () => {
    expect(deviceName('Recorder\r\nSet-Cookie: a=b\u0000\u001b[31m\u0085')).not.toMatch(/\p{Cc}/u);
  });

  it('has 80 characters at most, whatever is sent', () => {
    expect(deviceName('x'.repeat(5000))).toBe('x'.repeat(80));
    expect(deviceName(`a/${'9'.repeat(5000)}`)).toHaveLength(80);
  });

  it.each(['(', '/', 'Mozilla/5.0 (', 'Mozilla/5.0 ((((', 'a/1 ', ' '])(
    'is found without delay in thousands of %j',
    (piece) => {
      const started = performance.now();
      deviceName(piece.repeat(8000));
      expect(performance.now() - started).toBeLessThan(1000);
    },
  );
});
