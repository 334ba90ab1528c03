import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type LimitState, TooManyRequestsError } from '../common/errors/domain-errors.js';
import { readConfig } from '../config/read-config.js';
import { type Guesser, LoginThrottle } from './login-throttle.js';

const { limits } = readConfig({ SECRET_KEY: 'f1d2d2f924e986ac86fdf7b36c94bcdf', RATE_LIMIT: 'on' });
const BY_ADDRESS = limits.loginFailuresByAddress.points;
const BY_ACCOUNT = limits.loginFailures.points;
const guesser = (address: string, device = 'Recorder 2.1'): Guesser => ({ address, device });
/** Somebody who proves a sign-in. */
const signedIn = (signIn: string, address = 'a'): Guesser => ({ ...guesser(address), signIn });
const DELAYS = [30, 60, 120, 240, 480, 900, 900, 900];

describe('LoginThrottle', () => {
  let throttle: LoginThrottle;

  beforeEach(() => {
    jest.useFakeTimers();
    throttle = new LoginThrottle(limits, undefined);
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  /** What a refused attempt is told; `undefined` where it may be made. */
  async function attempt(account: string, client: string | Guesser): Promise<LimitState | undefined> {
    try {
      await throttle.begin(account, typeof client === 'string' ? guesser(client) : client);
      return undefined;
    } catch (error) {
      if (error instanceof TooManyRequestsError) return error.limit;
      throw error;
    }
  }
  const fail = async (times: number, account: string, client: (i: number) => string | Guesser) => {
    for (let i = 0; i < times; i++) expect(await attempt(account, client(i))).toBeUndefined();
  };
  const succeed = async (account: string, client: string, device?: string) =>
    (await throttle.begin(account, guesser(client, device))).succeeded();
  const pass = (seconds: number) => jest.advanceTimersByTimeAsync(seconds * 1000);

  it('lets five attempts from one address be made and refuses the sixth for half a minute', async () => {
    await fail(BY_ADDRESS, 'ada', () => 'a');

    expect(await attempt('ada', 'a')).toEqual({
      policy: 'login-failures-by-address',
      quota: 5,
      windowSeconds: 900,
      consumed: 6,
      remaining: 0,
      resetSeconds: 30,
    });
    await pass(10);
    expect(await attempt('ada', 'a')).toMatchObject({
      policy: 'login-failures-by-address',
      resetSeconds: 20,
    });
  });

  it('delays an address for twice as long each time, up to a quarter of an hour', async () => {
    // What succeeds elsewhere keeps the counter of the whole account out of it.
    await succeed('ada', 'a');
    for (const delay of DELAYS) {
      await fail(BY_ADDRESS, 'ada', () => 'a');
      expect(await attempt('ada', 'a')).toMatchObject({ resetSeconds: delay });
      await pass(delay - 1);
      expect(await attempt('ada', 'a')).toMatchObject({ resetSeconds: 1 });
      await pass(1);
    }
  });

  it('delays an account for twice as long each time where the guesses come from ever new addresses', async () => {
    for (const [round, delay] of DELAYS.entries()) {
      await fail(BY_ACCOUNT, 'ada', (i) => `${round}-${i}`);
      expect(await attempt('ada', `${round}-new`)).toMatchObject({
        policy: 'login-failures',
        quota: 10,
        resetSeconds: delay,
      });
      await pass(delay - 1);
      expect(await attempt('ada', `${round}-newer`)).toMatchObject({ resetSeconds: 1 });
      await pass(1);
    }
  });

  it('does not prolong a delay for what is refused during it', async () => {
    await fail(BY_ADDRESS, 'ada', () => 'a');
    for (let i = 0; i < 100; i++) expect(await attempt('ada', 'a')).toBeDefined();

    await pass(30);

    await fail(BY_ADDRESS, 'ada', () => 'a');
    expect(await attempt('ada', 'a')).toMatchObject({ resetSeconds: 60 });
  });

  it('forgets failures after a quarter of an hour and delays after a day', async () => {
    await fail(BY_ADDRESS, 'ada', () => 'a');
    await pass(900);
    await fail(BY_ADDRESS, 'ada', () => 'a');
    expect(await attempt('ada', 'a')).toMatchObject({ resetSeconds: 30 });

    await pass(24 * 60 * 60);

    await fail(BY_ADDRESS, 'ada', () => 'a');
    expect(await attempt('ada', 'a')).toMatchObject({ resetSeconds: 30 });
  });

  it('forgets the failures and delays of an address when a login succeeds there', async () => {
    await fail(BY_ADDRESS, 'ada', () => 'a');
    expect(await attempt('ada', 'a')).toMatchObject({ resetSeconds: 30 });
    await pass(30);
    await fail(BY_ADDRESS - 1, 'ada', () => 'a');

    await succeed('ada', 'a');

    await fail(BY_ADDRESS, 'ada', () => 'a');
    expect(await attempt('ada', 'a')).toMatchObject({ resetSeconds: 30 });
  });

  it('gives a successful attempt back to the account and keeps the failures of others', async () => {
    await fail(BY_ACCOUNT - 1, 'ada', (i) => `stranger-${i}`);
    await succeed('ada', 'home');

    expect(await attempt('ada', 'stranger')).toBeUndefined();
    expect(await attempt('ada', 'another stranger')).toMatchObject({ policy: 'login-failures' });
  });

  it('does not hold back an address that succeeded before, while strangers are refused', async () => {
    await succeed('ada', 'home');
    await fail(BY_ACCOUNT, 'ada', (i) => `stranger-${i}`);
    expect(await attempt('ada', 'stranger')).toMatchObject({ policy: 'login-failures' });

    for (let i = 0; i < 20; i++) await succeed('ada', 'home');
    expect(await attempt('ada', 'stranger')).toMatchObject({ policy: 'login-failures' });
  });

  it('holds an address that succeeded before to its own failures', async () => {
    await succeed('ada', 'home');
    await fail(BY_ADDRESS, 'ada', () => 'home');

    expect(await attempt('ada', 'home')).toMatchObject({ policy: 'login-failures-by-address' });
  });

  it('gives back an attempt for which the password was not looked at', async () => {
    for (let i = 0; i < 100; i++) await (await throttle.begin('ada', guesser('a'))).withdrawn();

    await fail(BY_ADDRESS, 'ada', () => 'a');
    expect(await attempt('ada', 'a')).toMatchObject({ policy: 'login-failures-by-address' });
  });

  it('gives back to the account what was taken from it, also where several succeed at once', async () => {
    await fail(BY_ACCOUNT - 3, 'ada', (i) => `stranger-${i}`);
    const attempts = await Promise.all([1, 2, 3].map(() => throttle.begin('ada', guesser('home'))));
    await Promise.all(attempts.map((made) => made.succeeded()));

    await fail(3, 'ada', (i) => `another stranger-${i}`);
    expect(await attempt('ada', 'one more')).toMatchObject({ policy: 'login-failures' });
  });

  it('keeps accounts apart', async () => {
    await fail(BY_ADDRESS, 'ada', () => 'a');
    expect(await attempt('ada', 'a')).toBeDefined();

    await fail(BY_ADDRESS, 'grace', () => 'a');
  });

  it('does not take what is given back during a delay for a place, and what follows for another delay', async () => {
    const attempts = await Promise.all(
      Array.from({ length: BY_ADDRESS }, () => throttle.begin('ada', guesser('a'))),
    );
    expect(await attempt('ada', 'a')).toMatchObject({ resetSeconds: 30 });

    await Promise.all(attempts.map((made) => made.withdrawn()));

    for (let i = 0; i < 20; i++) expect(await attempt('ada', 'a')).toMatchObject({ resetSeconds: 30 });
    await pass(30);
    await fail(BY_ADDRESS, 'ada', () => 'a');
    expect(await attempt('ada', 'a')).toMatchObject({ resetSeconds: 60 });
  });

  it('grants nothing more for an attempt that is given back after its window', async () => {
    const attempts = await Promise.all([1, 2, 3].map(() => throttle.begin('ada', guesser('a'))));
    await pass(900);
    await Promise.all(attempts.map((made) => made.withdrawn()));

    await fail(BY_ADDRESS, 'ada', () => 'a');
    expect(await attempt('ada', 'a')).toMatchObject({ consumed: BY_ADDRESS + 1 });
  });

  it('does not count at the address what is refused for guesses from elsewhere', async () => {
    await fail(BY_ACCOUNT, 'ada', (i) => `stranger-${i}`);
    for (let i = 0; i < 20; i++)
      expect(await attempt('ada', 'new')).toMatchObject({ policy: 'login-failures' });
    await pass(30);

    await fail(BY_ADDRESS, 'ada', () => 'new');
  });

  describe('for who proves a sign-in', () => {
    it('counts by that sign-in, whatever strangers guess, there or elsewhere', async () => {
      await fail(BY_ADDRESS, 'ada', () => 'a');
      await fail(BY_ACCOUNT - BY_ADDRESS, 'ada', (i) => `stranger-${i}`);
      expect(await attempt('ada', 'a')).toBeDefined();
      expect(await attempt('ada', 'stranger')).toBeDefined();

      await fail(BY_ADDRESS, 'ada', () => signedIn('phone'));
      await fail(BY_ADDRESS, 'ada', () => signedIn('laptop', 'new'));
    });

    it('slows down a thief of the token, from wherever, with delays that double', async () => {
      for (const [round, delay] of DELAYS.entries()) {
        await fail(BY_ADDRESS, 'ada', (i) => signedIn('stolen', `${round}-${i}`));
        const refusal = { policy: 'login-failures-by-session', quota: 5, resetSeconds: delay };
        expect(await attempt('ada', signedIn('stolen', 'a'))).toMatchObject(refusal);
        await pass(delay);
      }
    });

    it('adds nothing to what refuses anybody else', async () => {
      await fail(BY_ADDRESS, 'ada', () => signedIn('stolen'));
      expect(await attempt('ada', signedIn('stolen'))).toBeDefined();

      await fail(BY_ADDRESS, 'ada', () => signedIn('phone'));
      await fail(BY_ADDRESS, 'ada', () => 'a');
      await fail(BY_ACCOUNT - BY_ADDRESS, 'ada', (i) => `stranger-${i}`);
    });

    it('forgets its failures when a password is right, keeps those of others, and knows the address then', async () => {
      await fail(BY_ADDRESS - 1, 'ada', () => signedIn('phone', 'home'));
      await fail(BY_ADDRESS - 1, 'ada', () => 'home');
      await (await throttle.begin('ada', signedIn('phone', 'home'))).succeeded();

      await fail(BY_ADDRESS, 'ada', () => signedIn('phone', 'home'));
      await fail(BY_ACCOUNT - BY_ADDRESS + 1, 'ada', (i) => `stranger-${i}`);
      expect(await attempt('ada', 'stranger')).toMatchObject({ policy: 'login-failures' });
      await fail(BY_ADDRESS, 'ada', () => 'home');
    });

    it('gives back an attempt for which the password was not looked at', async () => {
      for (let i = 0; i < 100; i++) await (await throttle.begin('ada', signedIn('phone'))).withdrawn();
      await fail(BY_ADDRESS, 'ada', () => signedIn('phone'));
    });

    it('keeps the same sign-in of another account apart', async () => {
      await fail(BY_ADDRESS, 'ada', () => signedIn('iat:1758762381'));
      await fail(BY_ADDRESS, 'grace', () => signedIn('iat:1758762381'));
    });
  });

  describe('at an address where the owner logged in', () => {
    beforeEach(() => succeed('ada', 'home', 'Recorder 2.1'));

    it('does not hold back the device that did, for what others guess there', async () => {
      await fail(BY_ADDRESS, 'ada', () => guesser('home', 'Chrome on Windows'));
      expect(await attempt('ada', guesser('home', 'Chrome on Windows'))).toBeDefined();

      await fail(BY_ADDRESS, 'ada', () => guesser('home', 'Recorder 2.1'));
      expect(await attempt('ada', guesser('home', 'Recorder 2.1'))).toMatchObject({ resetSeconds: 30 });
    });

    it('counts all other devices together, however they call themselves', async () => {
      await fail(BY_ADDRESS, 'ada', (i) => guesser('home', `Device ${i}`));
      for (let i = 0; i < 20; i++) {
        expect(await attempt('ada', guesser('home', `Another device ${i}`))).toMatchObject({
          resetSeconds: 30,
        });
      }
    });

    it('keeps what others guessed there when that device succeeds', async () => {
      await fail(BY_ADDRESS - 1, 'ada', () => guesser('home', 'Chrome on Windows'));
      await succeed('ada', 'home', 'Recorder 2.1');

      await fail(1, 'ada', () => guesser('home', 'Chrome on Windows'));
      expect(await attempt('ada', guesser('home', 'Chrome on Windows'))).toBeDefined();
    });

    it('gives that device nothing at other addresses', async () => {
      await fail(BY_ADDRESS, 'ada', () => guesser('elsewhere', 'Chrome on Windows'));
      expect(await attempt('ada', guesser('elsewhere', 'Recorder 2.1'))).toMatchObject({ resetSeconds: 30 });
    });
  });
});
