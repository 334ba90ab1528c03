import { UserDataRegistry } from '../../src/user-data/user-data.registry.js';
import type { TestApp } from './test-app.js';

/** The whole receipt of a deletion, with 0 for all other data. */
export function receiptOf(app: Pick<TestApp, 'app'>, removed: Record<string, unknown>): object {
  return { ...filled(app, () => true, 0), ...removed };
}

/** A whole export, with an empty list for all other data. */
export function exportOf(app: Pick<TestApp, 'app'>, members: Record<string, unknown>): object {
  return { ...filled(app, ({ data }) => data.exportPages !== undefined, []), ...members };
}

function filled(
  { app }: Pick<TestApp, 'app'>,
  isMember: (holder: UserDataRegistry['holders'][number]) => boolean,
  value: unknown,
): object {
  const { holders } = app.get(UserDataRegistry, { strict: false });
  return Object.fromEntries(holders.filter(isMember).map(({ name }) => [name, value]));
}
