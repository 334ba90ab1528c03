import { Agent } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount, signIn } from '../support/accounts.js';
import { adoptNativeErrors } from '../support/native-errors.js';
import { type Reply, send, type Sending } from './support/client.js';
import { report } from './support/report.js';
import { createTables, type Service, startService, type Tables } from './support/service.js';

/** Connections, so that each worker or instance has some. */
const CONNECTIONS = 12;
const NEW = 'staple battery horse';

/** Writes of a sign-in, none of which may happen once it has ended. */
const WRITES: [method: string, path: string, body?: object][] = [
  ['DELETE', '/api/user/sessions'],
  ['POST', '/api/token/renew'],
  ['POST', '/api/audio-file', { s3_key: 'a.wav' }],
  ['POST', '/api/user/audio-files/batch-create', { items: [{ s3_key: 'a.wav' }] }],
];

describe.each([
  ['two workers', 1, '2'],
  ['two instances', 2, '1'],
])('%s that have a sign-in in their caches', (what, count, workers) => {
  let tables: Tables;
  let services: Service[];
  let agents: Agent[];

  beforeAll(async () => {
    adoptNativeErrors();
    tables = await createTables();
    const environment = { WORKERS: workers, SESSION_CACHE_SECONDS: '30' };
    services = await Promise.all(Array.from({ length: count }, () => startService(tables, environment)));
    agents = Array.from({ length: CONNECTIONS }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  });

  afterAll(async () => {
    for (const agent of agents) agent.destroy();
    for (const service of services) await service.stop();
    await tables.delete();
  });

  const first = () => services[0] as Service;

  /** The same request by every connection. */
  async function everywhere(path: string, { authorization }: Account, sending: Sending): Promise<Reply[]> {
    return Promise.all(
      agents.map((agent, n) =>
        send(`${(services[n % services.length] as Service).url}${path}`, {
          ...sending,
          ...{ agent, headers: authorization },
        }),
      ),
    );
  }

  const statuses = (replies: Reply[]) => [...new Set(replies.map(({ status }) => status))];

  it('refuse every write of it once it has ended, and leave the owner in', async () => {
    let refused = 0;
    for (const [method, path, body] of WRITES) {
      const thief = await registerAccount(first());
      const owner = await signIn(first(), thief);
      for (const caller of [thief, owner]) {
        expect(statuses(await everywhere('/api/user', caller, {}))).toEqual([200]);
      }
      await first()
        .http.put('/api/user/password')
        .set(owner.authorization)
        .send({ current_password: owner.password, new_password: NEW })
        .expect(200);

      const replies = await everywhere(path, thief, { method, ...(body && { body }) });

      expect(statuses(replies)).toEqual([401]);
      refused += replies.length;
      expect(statuses(await everywhere('/api/user', owner, {}))).toEqual([200]);
      expect(statuses(await everywhere('/api/user', thief, {}))).toEqual([401]);
      const { body: records } = await first()
        .http.get('/api/user/audio-files')
        .set(owner.authorization)
        .expect(200);
      expect(records).toEqual([]);
    }
    report(`a sign-in that ended elsewhere, ${what}`, `${refused} of ${refused} writes refused`);
  });
});
