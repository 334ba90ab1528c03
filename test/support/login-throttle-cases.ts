import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { readConfig } from '../../src/config/read-config.js';
import { LoginThrottle } from '../../src/limits/login-throttle.js';
import type { SharedStore } from '../../src/limits/stores/counts.js';
import { guesser, LoginAttempts } from './login-attempts.js';

const { limits } = readConfig({ SECRET_KEY: 'f1d2d2f924e986ac86fdf7b36c94bcdf', RATE_LIMIT: 'on' });
const BY_ADDRESS = limits.loginFailuresByAddress.points;
const BY_ACCOUNT = limits.loginFailures.points;
const DELAYS = [30, 60, 120, 240, 480, 900, 900, 900];

/**
 * What holds of `LoginThrottle`, whatever it counts in.
 *
 * @param stopClock puts the clock into the hands of the test
 * @param open gives a store in which nothing was counted
 */
export function expectLoginThrottle(stopClock: () => void, open: () => SharedStore | undefined): void {
  let throttle: LoginThrottle;
  let logins: LoginAttempts;

  beforeEach(() => {
    stopClock();
    throttle = new LoginThrottle(limits, open());
    logins = new LoginAttempts(throttle);
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('lets five attempts from one address be made and refuses the sixth for half a minute', async () => {
    await logins.fail(BY_ADDRESS, 'ada', () => 'a');

    expect(await logins.attempt('ada', 'a')).toEqual({
      policy: 'login-failures-by-address',
      quota: 5,
      windowSeconds: 900,
      consumed: 6,
      remaining: 0,
      resetSeconds: 30,
    });
    await logins.pass(10);
    expect(await logins.attempt('ada', 'a')).toMatchObject({
      policy: 'login-failures-by-address',
      resetSeconds: 20,
    });
  });

  it('delays an address for twice as long each time, up to a quarter of an hour', async () => {
    // What succeeds elsewhere keeps the counter of the whole account out of it.
    await logins.succeed('ada', 'a');
    for (const delay of DELAYS) {
      await logins.fail(BY_ADDRESS, 'ada', () => 'a');
      expect(await logins.attempt('ada', 'a')).toMatchObject({ resetSeconds: delay });
      await logins.pass(delay - 1);
      expect(await logins.attempt('ada', 'a')).toMatchObject({ resetSeconds: 1 });
      await logins.pass(1);
    }
  });

  it('delays an account for twice as long each time where the guesses come from ever new addresses', async () => {
    for (const [round, delay] of DELAYS.entries()) {
      await logins.fail(BY_ACCOUNT, 'ada', (i) => `${round}-${i}`);
      expect(await logins.attempt('ada', `${round}-new`)).toMatchObject({
        policy: 'login-failures',
        quota: 10,
        resetSeconds: delay,
      });
      await logins.pass(delay - 1);
      expect(await logins.attempt('ada', `${round}-newer`)).toMatchObject({ resetSeconds: 1 });
      await logins.pass(1);
    }
  });

  it('does not prolong a delay for what is refused during it', async () => {
    await logins.fail(BY_ADDRESS, 'ada', () => 'a');
    for (let i = 0; i < 100; i++) expect(await logins.attempt('ada', 'a')).toBeDefined();

    await logins.pass(30);

    await logins.fail(BY_ADDRESS, 'ada', () => 'a');
    expect(await logins.attempt('ada', 'a')).toMatchObject({ resetSeconds: 60 });
  });

  it('forgets failures after a quarter of an hour and delays after a day', async () => {
    await logins.fail(BY_ADDRESS, 'ada', () => 'a');
    await logins.pass(900);
    await logins.fail(BY_ADDRESS, 'ada', () => 'a');
    expect(await logins.attempt('ada', 'a')).toMatchObject({ resetSeconds: 30 });

    await logins.pass(24 * 60 * 60);

    await logins.fail(BY_ADDRESS, 'ada', () => 'a');
    expect(await logins.attempt('ada', 'a')).toMatchObject({ resetSeconds: 30 });
  });

  it('forgets the failures and delays of an address when a login succeeds there', async () => {
    await logins.fail(BY_ADDRESS, 'ada', () => 'a');
    expect(await logins.attempt('ada', 'a')).toMatchObject({ resetSeconds: 30 });
    await logins.pass(30);
    await logins.fail(BY_ADDRESS - 1, 'ada', () => 'a');

    await logins.succeed('ada', 'a');

    await logins.fail(BY_ADDRESS, 'ada', () => 'a');
    expect(await logins.attempt('ada', 'a')).toMatchObject({ resetSeconds: 30 });
  });

  it('gives a successful attempt back to the account and keeps the failures of others', async () => {
    await logins.fail(BY_ACCOUNT - 1, 'ada', (i) => `stranger-${i}`);
    await logins.succeed('ada', 'home');

    expect(await logins.attempt('ada', 'stranger')).toBeUndefined();
    expect(await logins.attempt('ada', 'another stranger')).toMatchObject({ policy: 'login-failures' });
  });

  it('does not hold back an address that succeeded before, while strangers are refused', async () => {
    await logins.succeed('ada', 'home');
    await logins.fail(BY_ACCOUNT, 'ada', (i) => `stranger-${i}`);
    expect(await logins.attempt('ada', 'stranger')).toMatchObject({ policy: 'login-failures' });

    for (let i = 0; i < 20; i++) await logins.succeed('ada', 'home');
    expect(await logins.attempt('ada', 'stranger')).toMatchObject({ policy: 'login-failures' });
  });

  it('holds an address that succeeded before to its own failures', async () => {
    await logins.succeed('ada', 'home');
    await logins.fail(BY_ADDRESS, 'ada', () => 'home');

    expect(await logins.attempt('ada', 'home')).toMatchObject({ policy: 'login-failures-by-address' });
  });

  it('gives back an attempt for which the password was not looked at', async () => {
    for (let i = 0; i < 100; i++) await (await throttle.begin('ada', guesser('a'))).withdrawn();

    await logins.fail(BY_ADDRESS, 'ada', () => 'a');
    expect(await logins.attempt('ada', 'a')).toMatchObject({ policy: 'login-failures-by-address' });
  });

  it('gives back to the account what was taken from it, also where several succeed at once', async () => {
    await logins.fail(BY_ACCOUNT - 3, 'ada', (i) => `stranger-${i}`);
    const attempts = await Promise.all([1, 2, 3].map(() => throttle.begin('ada', guesser('home'))));
    await Promise.all(attempts.map((made) => made.succeeded()));

    await logins.fail(3, 'ada', (i) => `another stranger-${i}`);
    expect(await logins.attempt('ada', 'one more')).toMatchObject({ policy: 'login-failures' });
  });

  it('keeps accounts apart', async () => {
    await logins.fail(BY_ADDRESS, 'ada', () => 'a');
    expect(await logins.attempt('ada', 'a')).toBeDefined();

    await logins.fail(BY_ADDRESS, 'grace', () => 'a');
  });

  it('does not take what is given back during a delay for a place, and what follows for another delay', async () => {
    const attempts = await Promise.all(
      Array.from({ length: BY_ADDRESS }, () => throttle.begin('ada', guesser('a'))),
    );
    expect(await logins.attempt('ada', 'a')).toMatchObject({ resetSeconds: 30 });

    await Promise.all(attempts.map((made) => made.withdrawn()));

    for (let i = 0; i < 20; i++) expect(await logins.attempt('ada', 'a')).toMatchObject({ resetSeconds: 30 });
    await logins.pass(30);
    await logins.fail(BY_ADDRESS, 'ada', () => 'a');
    expect(await logins.attempt('ada', 'a')).toMatchObject({ resetSeconds: 60 });
  });

  it('grants nothing more for an attempt that is given back after its window', async () => {
    const attempts = await Promise.all([1, 2, 3].map(() => throttle.begin('ada', guesser('a'))));
    await logins.pass(900);
    await Promise.all(attempts.map((made) => made.withdrawn()));

    await logins.fail(BY_ADDRESS, 'ada', () => 'a');
    expect(await logins.attempt('ada', 'a')).toMatchObject({ consumed: BY_ADDRESS + 1 });
  });

  it('does not count at the address what is refused for guesses from elsewhere', async () => {
    await logins.fail(BY_ACCOUNT, 'ada', (i) => `stranger-${i}`);
    for (let i = 0; i < 20; i++)
      expect(await logins.attempt('ada', 'new')).toMatchObject({ policy: 'login-failures' });
    await logins.pass(30);

    await logins.fail(BY_ADDRESS, 'ada', () => 'new');
  });
}
