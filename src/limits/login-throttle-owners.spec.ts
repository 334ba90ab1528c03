import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { guesser, LoginAttempts } from '../../test/support/login-attempts.js';
import { readConfig } from '../config/read-config.js';
import { type Guesser, LoginThrottle } from './login-throttle.js';

const { limits } = readConfig({ SECRET_KEY: 'f1d2d2f924e986ac86fdf7b36c94bcdf', RATE_LIMIT: 'on' });
const BY_ADDRESS = limits.loginFailuresByAddress.points;
const BY_ACCOUNT = limits.loginFailures.points;
/** Somebody who proves a sign-in. */
const signedIn = (signIn: string, address = 'a'): Guesser => ({ ...guesser(address), signIn });
const DELAYS = [30, 60, 120, 240, 480, 900, 900, 900];

describe('LoginThrottle', () => {
  let throttle: LoginThrottle;
  let logins: LoginAttempts;

  beforeEach(() => {
    jest.useFakeTimers();
    throttle = new LoginThrottle(limits, undefined);
    logins = new LoginAttempts(throttle);
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  describe('for who proves a sign-in', () => {
    it('counts by that sign-in, whatever strangers guess, there or elsewhere', async () => {
      await logins.fail(BY_ADDRESS, 'ada', () => 'a');
      await logins.fail(BY_ACCOUNT - BY_ADDRESS, 'ada', (i) => `stranger-${i}`);
      expect(await logins.attempt('ada', 'a')).toBeDefined();
      expect(await logins.attempt('ada', 'stranger')).toBeDefined();

      await logins.fail(BY_ADDRESS, 'ada', () => signedIn('phone'));
      await logins.fail(BY_ADDRESS, 'ada', () => signedIn('laptop', 'new'));
    });

    it('slows down a thief of the token, from wherever, with delays that double', async () => {
      for (const [round, delay] of DELAYS.entries()) {
        await logins.fail(BY_ADDRESS, 'ada', (i) => signedIn('stolen', `${round}-${i}`));
        const refusal = { policy: 'login-failures-by-session', quota: 5, resetSeconds: delay };
        expect(await logins.attempt('ada', signedIn('stolen', 'a'))).toMatchObject(refusal);
        await logins.pass(delay);
      }
    });

    it('adds nothing to what refuses anybody else', async () => {
      await logins.fail(BY_ADDRESS, 'ada', () => signedIn('stolen'));
      expect(await logins.attempt('ada', signedIn('stolen'))).toBeDefined();

      await logins.fail(BY_ADDRESS, 'ada', () => signedIn('phone'));
      await logins.fail(BY_ADDRESS, 'ada', () => 'a');
      await logins.fail(BY_ACCOUNT - BY_ADDRESS, 'ada', (i) => `stranger-${i}`);
    });

    it('forgets its failures when a password is right, keeps those of others, and knows the address then', async () => {
      await logins.fail(BY_ADDRESS - 1, 'ada', () => signedIn('phone', 'home'));
      await logins.fail(BY_ADDRESS - 1, 'ada', () => 'home');
      await (await throttle.begin('ada', signedIn('phone', 'home'))).succeeded();

      await logins.fail(BY_ADDRESS, 'ada', () => signedIn('phone', 'home'));
      await logins.fail(BY_ACCOUNT - BY_ADDRESS + 1, 'ada', (i) => `stranger-${i}`);
      expect(await logins.attempt('ada', 'stranger')).toMatchObject({ policy: 'login-failures' });
      await logins.fail(BY_ADDRESS, 'ada', () => 'home');
    });

    it('gives back an attempt for which the password was not looked at', async () => {
      for (let i = 0; i < 100; i++) await (await throttle.begin('ada', signedIn('phone'))).withdrawn();
      await logins.fail(BY_ADDRESS, 'ada', () => signedIn('phone'));
    });

    it('keeps the same sign-in of another account apart', async () => {
      await logins.fail(BY_ADDRESS, 'ada', () => signedIn('iat:1758762381'));
      await logins.fail(BY_ADDRESS, 'grace', () => signedIn('iat:1758762381'));
    });
  });

  describe('at an address where the owner logged in', () => {
    beforeEach(() => logins.succeed('ada', 'home', 'Recorder 2.1'));

    it('does not hold back the device that did, for what others guess there', async () => {
      await logins.fail(BY_ADDRESS, 'ada', () => guesser('home', 'Chrome on Windows'));
      expect(await logins.attempt('ada', guesser('home', 'Chrome on Windows'))).toBeDefined();

      await logins.fail(BY_ADDRESS, 'ada', () => guesser('home', 'Recorder 2.1'));
      expect(await logins.attempt('ada', guesser('home', 'Recorder 2.1'))).toMatchObject({
        resetSeconds: 30,
      });
    });

    it('counts all other devices together, however they call themselves', async () => {
      await logins.fail(BY_ADDRESS, 'ada', (i) => guesser('home', `Device ${i}`));
      for (let i = 0; i < 20; i++) {
        expect(await logins.attempt('ada', guesser('home', `Another device ${i}`))).toMatchObject({
          resetSeconds: 30,
        });
      }
    });

    it('keeps what others guessed there when that device succeeds', async () => {
      await logins.fail(BY_ADDRESS - 1, 'ada', () => guesser('home', 'Chrome on Windows'));
      await logins.succeed('ada', 'home', 'Recorder 2.1');

      await logins.fail(1, 'ada', () => guesser('home', 'Chrome on Windows'));
      expect(await logins.attempt('ada', guesser('home', 'Chrome on Windows'))).toBeDefined();
    });

    it('gives that device nothing at other addresses', async () => {
      await logins.fail(BY_ADDRESS, 'ada', () => guesser('elsewhere', 'Chrome on Windows'));
      expect(await logins.attempt('ada', guesser('elsewhere', 'Recorder 2.1'))).toMatchObject({
        resetSeconds: 30,
      });
    });
  });
});
