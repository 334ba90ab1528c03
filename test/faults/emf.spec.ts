import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { registerAccount } from '../support/accounts.js';
import { faultsOfEmf, isEmf } from '../support/emf-rules.js';
import { createTables, type Service, startService, type Tables } from './support/service.js';

/** Lines with metrics. Every one keeps the rules of the format. */
function metricsOf({ logs }: Service): Record<string, unknown>[] {
  const lines = (logs as Record<string, unknown>[]).filter(isEmf);
  for (const line of lines) expect(faultsOfEmf(JSON.stringify(line))).toEqual([]);
  return lines;
}

/** The sum of a metric over all lines. */
function total(service: Service, name: string): number {
  return metricsOf(service).reduce((sum, { [name]: value = 0 }) => sum + Number(value), 0);
}

describe('METRICS=emf on a server', () => {
  let tables: Tables;

  beforeAll(async () => {
    tables = await createTables();
  });

  afterAll(() => tables.delete());

  it.each(['1', '2'])('loses nothing when the service stops (WORKERS=%s)', async (workers) => {
    const service = await startService(tables, { METRICS: 'emf', WORKERS: workers });
    const { authorization, userId, email } = await registerAccount(service);
    for (let n = 0; n < 120; n++) await service.http.get('/api/user').set(authorization).expect(200);
    // The timer is a minute long.
    expect(metricsOf(service)).toEqual([]);
    expect(await service.stop()).toBe(0);
    expect(total(service, 'Requests')).toBe(121);
    expect(total(service, 'Registrations')).toBe(1);
    expect(total(service, 'ReadUnits')).toBeGreaterThan(0);
    const text = JSON.stringify(metricsOf(service));
    for (const personal of [userId, email]) expect(text).not.toContain(personal);
  });
});
