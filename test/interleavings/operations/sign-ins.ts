import type { Need, SignInName } from '../world.js';
import { accountOf, eitherOf, endAllBut, endAlone, type Operation, signedIn, writable } from './operation.js';

/** A fresh token of the same sign-in. One of the older backend becomes a session, and goes on being one sign-in with it. */
export function renew(by: SignInName): Operation {
  return {
    ...{ title: `renew by ${by}`, by, touches: ['sign-ins'], needs: needsOf(by) },
    async perform({ world, client, name }) {
      const { status, body } = await client.send('POST', '/api/token/renew', { token: world.tokens.get(by) });
      if (status === 200) world.tokens.set(name, String(body['token']));
      return String(status);
    },
    models: (name) => [
      [
        (state) => {
          if (state.signIns[by] === undefined) return '401';
          state.aliases[name] = by;
          return '200';
        },
      ],
    ],
  };
}

/** Two that overlap both succeed. */
export function logout(by: SignInName): Operation {
  return {
    ...{ title: `logout by ${by}`, by, touches: ['sign-ins'] },
    async perform({ world, client }) {
      const { status } = await client.send('POST', '/api/logout', { token: world.tokens.get(by) });
      return String(status);
    },
    models: () =>
      eitherOf(
        [signedIn(by)],
        (state) => {
          endAlone(state, by);
          return '200';
        },
        // What has ended all sign-ins meanwhile may be noticed too.
        (state) => {
          const isEnded = writable(state, by) === undefined;
          endAlone(state, by);
          return isEnded ? '401' : '200';
        },
      ),
  };
}

/** Whether a session that has ended with all others is still found is not promised. */
export function endOne(by: SignInName, target: 'first' | 'second'): Operation {
  return {
    ...{ title: `end ${target} by ${by}`, by, touches: ['sign-ins'] },
    async perform({ world, client }) {
      const path = `/api/user/sessions/${world.sessions.get(target)}`;
      return String((await client.send('DELETE', path, { token: world.tokens.get(by) })).status);
    },
    models: () =>
      eitherOf(
        [signedIn(by)],
        (state) => {
          const isThere = accountOf(state, target) !== undefined;
          endAlone(state, target);
          return isThere ? '200' : '404';
        },
        (state) => {
          const isGone = state.endedAlone[target] !== undefined || writable(state, by) === undefined;
          endAlone(state, target);
          return isGone ? '404' : '200';
        },
        (state) => (writable(state, by) === undefined ? '401' : undefined),
      ),
  };
}

export function endOthers(by: SignInName): Operation {
  return {
    ...{ title: `end others by ${by}`, by, touches: ['sign-ins', 'account'], needs: needsOf(by) },
    async perform({ world, client }) {
      return String(
        (await client.send('DELETE', '/api/user/sessions', { token: world.tokens.get(by) })).status,
      );
    },
    models: () =>
      eitherOf(
        [signedIn(by)],
        (state) => {
          const account = writable(state, by);
          if (account === undefined) return '401';
          endAllBut(state, account, by);
          return '200';
        },
        // A token of the older backend ends in the row of the account, also alone.
        (state) => {
          const account = state.signIns[by];
          if (account === undefined) return '401';
          endAllBut(state, account, by);
          return '200';
        },
      ),
  };
}

function needsOf(by: SignInName): readonly Need[] {
  return by === 'ahead' ? ['ahead'] : [];
}
