import type { Action } from '../model.js';
import { PASSWORD } from '../fleet.js';
import { spell, type Spelling } from '../spelling.js';
import type { Need, SignInName, World } from '../world.js';
import { eitherOf, endAllBut, type Operation, signedIn, writable } from './operation.js';

/** The model calls a password `usual`, or by the operation that set it. */
export function passwordCalled(name: string): string {
  return name === 'usual' ? PASSWORD : `${name} battery horse staple`;
}

/** An email as somebody writes it, and what is said of that in a title. */
function written(world: World, mailbox: string, spelling: Spelling): string {
  return spell(world.mailboxes.get(mailbox) as string, spelling);
}

function titled(title: string, spelling: Spelling): string {
  return spelling === 'canonical' ? title : `${title} ${spelling}`;
}

/** Who is signed in, and then whether the password is right: it may change in between. */
function confirmed(by: string): Action[] {
  return [
    signedIn(by),
    (state) => {
      const owner = state.accounts['owner'];
      if (!owner) return '401';
      return owner.password === 'usual' ? undefined : '403';
    },
  ];
}

export function changePassword(by: SignInName): Operation {
  const write =
    (name: string, whenChanged: string): Action =>
    (state) => {
      const account = writable(state, by);
      const owner = state.accounts['owner'];
      if (owner && owner.password !== 'usual') return whenChanged;
      if (account === undefined || !owner) return '401';
      owner.password = name;
      endAllBut(state, account, by);
      return '200';
    };
  return {
    ...{ title: `change password by ${by}`, by, touches: ['sign-ins', 'account'] },
    async perform({ world, client, name }) {
      const { status } = await client.send('PUT', '/api/user/password', {
        token: world.tokens.get(by),
        body: { current_password: PASSWORD, new_password: passwordCalled(name) },
      });
      return String(status);
    },
    // Who changed the password meanwhile also ended this sign-in: either may be told.
    models: (name) => eitherOf(confirmed(by), write(name, '409'), write(name, '401')),
  };
}

/**
 * With the password that every account has before a run. A session that was made before everything ended does not work,
 * and one that was made after a change needs the new password.
 *
 * @param isWeak whether its hash is to be made anew
 * @param spelling how the email is written
 */
export function login({
  isWeak = false,
  spelling = 'canonical',
}: { isWeak?: boolean; spelling?: Spelling } = {}): Operation {
  const needs: readonly Need[] = [...(isWeak ? (['weak-hash'] as const) : []), spelling];
  return {
    title: titled(isWeak ? 'login and upgrade' : 'login', spelling),
    ...{ touches: ['sign-ins', 'account', 'mailbox'], needs },
    async perform({ world, client, name }) {
      const { status, body } = await client.send('POST', '/api/login', {
        body: { email: written(world, 'own', spelling), password: PASSWORD },
      });
      if (status === 200) world.tokens.set(name, String(body['token']));
      return String(status);
    },
    models: (name) => [
      [
        (state) => {
          const found = Object.entries(state.accounts).find(([, { mailbox }]) => mailbox === 'own');
          if (found?.[1].password !== 'usual') return '401';
          state.signIns[name] = found[0];
          return '200';
        },
      ],
    ],
  };
}

/**
 * @param key the idempotency key, the same one for all that have one
 * @param spelling how the email is written
 */
export function register(
  mailbox: 'own' | 'other',
  { key, spelling = 'canonical' }: { key?: string; spelling?: Spelling } = {},
): Operation {
  return {
    title: titled(`register ${mailbox}${key === undefined ? '' : ' with key'}`, spelling),
    ...{ touches: ['mailbox'], needs: [spelling] },
    async perform({ world, client, name }) {
      const { status, body } = await client.send('POST', '/api/register', {
        body: { email: written(world, mailbox, spelling), password: PASSWORD },
        ...(key !== undefined && { headers: { 'Idempotency-Key': key } }),
      });
      if (status < 300) {
        world.tokens.set(name, String(body['token']));
        world.accounts.set(name, String(body['user_id']));
      }
      return String(status);
    },
    models: (name) => [
      [
        (state) => {
          const found = Object.entries(state.accounts).find(([, account]) => account.mailbox === mailbox);
          if (found && (key === undefined || found[1].key !== key)) return '409';
          state.signIns[name] = found?.[0] ?? name;
          if (found) return '200';
          state.accounts[name] = {
            ...{ mailbox, password: 'usual', isClosing: false },
            ...(key !== undefined && { key }),
          };
          return '201';
        },
      ],
    ],
  };
}

/**
 * First the account is closing, and all other sign-ins end; then all that belongs to it goes, and it last. Whoever finds
 * it gone meanwhile may say either.
 */
export function deleteAccount(by: SignInName): Operation {
  const close =
    (whenGone: string): Action =>
    (state) => {
      const name = writable(state, by);
      const account = state.accounts[name ?? ''];
      if (name === undefined || !account) return Object.hasOwn(state.accounts, 'owner') ? '401' : whenGone;
      account.isClosing = true;
      endAllBut(state, name, by);
      state.notes[by] = name;
      return undefined;
    };
  const removeAudio: Action = (state) => {
    for (const record of Object.values(state.records)) {
      if (record.account === state.notes[by]) record.hasObject = false;
    }
    return undefined;
  };
  const remove: Action = (state) => {
    const name = String(state.notes[by]);
    delete state.accounts[name];
    endAllBut(state, name);
    for (const [record, { account }] of Object.entries(state.records)) {
      if (account === name) delete state.records[record];
    }
    return '200';
  };
  return {
    ...{
      title: `delete account by ${by}`,
      by,
      touches: ['sign-ins', 'account', 'mailbox', 'objects'],
    },
    closesAccount: true,
    async perform({ world, client }) {
      const { status } = await client.send('DELETE', '/api/user', {
        token: world.tokens.get(by),
        body: { password: PASSWORD },
      });
      return String(status);
    },
    models: () => [
      [...confirmed(by), close('401'), removeAudio, remove],
      [...confirmed(by), close('200'), removeAudio, remove],
    ],
  };
}
