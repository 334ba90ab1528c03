import { randomBytes, randomUUID } from 'node:crypto';
import argon2 from 'argon2';
import { Agent } from 'undici';
import { tableDefinitions } from '../../src/database/tables.js';
import { ObjectStore } from '../../src/storage/object-store.js';
import { craftToken } from '../support/crafted-tokens.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { openTestBucket, type TestBucket } from '../support/uploads.js';
import { type Commands, openCommands } from './commands.js';
import { Gate } from './gate.js';
import { gateApplication } from './hooks.js';
import { TablesClient } from './tables-client.js';

/** The password of every account before a run. */
export const PASSWORD = 'correct horse battery';

/** Less work than the least that the configuration takes, so that a login upgrades it. */
const WEAK = { type: argon2.argon2id, memoryCost: 64, timeCost: 1, parallelism: 1 } as const;
const USUAL = { ...WEAK, memoryCost: 1024 } as const;

/** The instances that all runs of a spec share, on the same tables. */
export interface Fleet {
  /** Two with caches that never forget during a run. Their calls come by the gate. */
  readonly instances: readonly [TestApp, TestApp];
  /** One without caches, as if all were expired. Its calls are never held. */
  readonly fresh: TestApp;
  readonly gate: Gate;
  readonly bucket: TestBucket;
  /** Only where they were asked for: they see all that there is, so that one run is made at a time. */
  readonly commands?: Commands;
  /** HTTP connections that are kept. */
  readonly agent: Agent;
  /** Hashes of {@link PASSWORD}. */
  readonly hashes: { readonly usual: string; readonly weak: string };
  readonly tables: TablesClient;
  /** A token as the service makes it, or, without a session, as the older backend did. Issued at Unix seconds. */
  tokenFor(userId: string, issuedAt: number, sessionId?: string): string;
  close(): Promise<void>;
}

/** What a spec wants of its instances. */
export interface FleetOptions {
  /** What differs from the environment of the tests. */
  readonly environment?: Record<string, string>;
  /** Whether commands are run, which read everything: then there is a bucket for them, and one run at a time. */
  readonly hasCommands?: boolean;
}

export async function startFleet({ environment, hasCommands = false }: FleetOptions = {}): Promise<Fleet> {
  const common = {
    ...{ LOG_LEVEL: 'silent', MAX_REQUESTS_IN_FLIGHT: '0' },
    ...(hasCommands && { AWS_S3_BUCKET_NAME: `interleavings-${randomUUID()}` }),
    ...environment,
  };
  const first = await startTestApp({ ...common, SESSION_CACHE_SECONDS: '3600' });
  const second = await startTestApp({ ...common, SESSION_CACHE_SECONDS: '3600' }, first);
  const fresh = await startTestApp({ ...common, SESSION_CACHE_SECONDS: '0' }, first);
  const gate = new Gate(tableDefinitions(first.config.tables));
  for (const { app } of [first, second]) {
    // Asks once where the bucket is, which is no call of an operation.
    await app.get(ObjectStore).sign({ method: 'GET', key: 'x', expiresInSeconds: 1 });
    gateApplication(app, gate);
  }
  const commands = hasCommands ? await openCommands(first.config, gate) : undefined;
  const bucket = openTestBucket(first.config.storage.bucket);
  const agent = new Agent({ connections: 32, pipelining: 1, keepAliveTimeout: 60_000 });
  const [usual, weak] = await Promise.all([USUAL, WEAK].map((options) => argon2.hash(PASSWORD, options)));
  return {
    ...{ instances: [first, second], fresh, gate, bucket, agent },
    ...(commands && { commands }),
    hashes: { usual: usual as string, weak: weak as string },
    tables: new TablesClient(first, agent),
    tokenFor: (userId, issuedAt, sessionId) =>
      craftToken(
        {
          ...{ user_id: userId, iat: issuedAt, exp: issuedAt + 30 * 24 * 60 * 60 },
          ...(sessionId !== undefined && { sub: userId, jti: sessionId }),
        },
        first.config.secretKey,
      ),
    async close() {
      await agent.destroy();
      bucket.close();
      commands?.close();
      // The first one made has the tables, and goes last.
      for (const instance of [fresh, second, first]) await instance.close();
    },
  };
}

/** A salt as a row has it. */
export function newSalt(): string {
  return randomBytes(32).toString('base64');
}
