import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../../scripts/local-engines/ready.js';
import { adoptNativeErrors } from '../support/native-errors.js';
import { createTables, SECRET_KEY, type Service, startService, type Tables } from './support/service.js';

describe('the log of a start', () => {
  let tables: Tables;
  let service: Service | undefined;

  beforeAll(async () => {
    adoptNativeErrors();
    tables = await createTables();
  });

  afterAll(() => tables.delete());

  const said = (level: string, of: Service) =>
    of.logs.filter((line) => line.level === level).map(({ msg }) => msg);
  const DATABASE = /^the database does not serve yet: /;

  async function started(environment: Record<string, string>, run: (service: Service) => Promise<void>) {
    service = await startService(tables, environment);
    try {
      await run(service);
    } finally {
      await service.stop();
    }
  }

  it('says in its first line what is configured, without a secret, and warns of nothing that is well', async () => {
    const redis = `redis://:a-password@127.0.0.1:${await freePort()}/0`;
    await started({ REDIS_URL: redis, RATE_LIMIT: 'on', AWS_SECRET_ACCESS_KEY: 'local' }, async (service) => {
      const { config } = tables;
      await service.http.get('/api/health').expect(200);
      expect(service.logs[0]).toEqual({
        level: 'info',
        time: expect.any(String),
        pid: expect.any(Number),
        node_env: 'production',
        region: 'us-east-1',
        credentials: 'access key',
        dynamodb: config.database.endpoint,
        tables: config.tables,
        s3: config.storage.endpoint,
        bucket: config.storage.bucket,
        folder: 'audio_upload',
        limits: `redis at ${new URL(redis).host}`,
        workers: 1,
        msg: 'configuration',
      });
      const written = JSON.stringify(service.logs);
      for (const secret of [SECRET_KEY, 'a-password']) expect(written).not.toContain(secret);
      expect(said('warn', service).filter((line) => DATABASE.test(line) || /BUCKET/.test(line))).toEqual([]);
    });
  });

  it('warns once of a misspelled name, an unset bucket and a database that does not serve, and starts', async () => {
    const environment = {
      ...{ DYNAMODB_ENDPOINT: `http://127.0.0.1:${await freePort()}`, AWS_S3_BUCKET_NAME: '' },
      ...{ MAX_FILE_PER_USER: '7', WORKERS: '2' },
    };
    await started(environment, async (service) => {
      while (!said('warn', service).some((line) => DATABASE.test(line))) await sleep(20);
      while (service.logs.filter(({ msg }) => msg === 'listening').length < 2) await sleep(20);
      expect((await service.http.get('/api/health/live')).status).toBe(200);
      const warnings = said('warn', service);
      expect(warnings.filter((line) => /MAX_FILE|BUCKET/.test(line))).toEqual([
        'MAX_FILE_PER_USER is set and means nothing here; is MAX_FILES_PER_USER meant?',
        'AWS_S3_BUCKET_NAME is not set: uploads and downloads answer 501',
      ]);
      expect(warnings.filter((line) => DATABASE.test(line))).toHaveLength(1);
      expect(service.logs.filter(({ msg }) => msg === 'configuration')).toHaveLength(1);
    });
  }, 60_000);

  it('serves the metrics on this machine alone, whatever HOST is', async () => {
    await started({ HOST: '0.0.0.0', METRICS_PORT: '0' }, async (service) => {
      const metrics = () => service.logs.find(({ msg }) => msg === 'metrics');
      while (!metrics()) await sleep(20);
      const line = metrics();
      expect(line).toMatchObject({ host: '127.0.0.1' });
      expect((await fetch(`http://127.0.0.1:${String(line?.['port'])}/metrics`)).status).toBe(200);
      // Another address of this machine, on which HOST listens and the metrics do not.
      await expect(fetch(`http://127.0.0.2:${String(line?.['port'])}/metrics`)).rejects.toThrow();
    });
  });
});
