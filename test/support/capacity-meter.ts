import type { ConsumedCapacity } from '@aws-sdk/client-dynamodb';
import { aroundCalls, aroundLimitCalls } from './database-calls.js';
import type { TestApp } from './test-app.js';

/** Request units: `read` and `write` as DynamoDB bills them. */
export interface RequestUnits {
  readonly read: number;
  readonly write: number;
}

/** Adds up the cost of the calls of an application. */
export interface CapacityMeter {
  /** The cost of the calls that are made while `work` runs. */
  during(work: () => PromiseLike<unknown>): Promise<RequestUnits>;
}

const READS = new Set(['GetCommand', 'QueryCommand', 'BatchGetCommand']);

/** Makes every call of an application request its consumed capacity, and reads it from the result. */
export function meterCapacity(app: Pick<TestApp, 'app'>): CapacityMeter {
  return meterOf(app, aroundCalls);
}

/** The same of the table of limits alone. */
export function meterLimits(app: Pick<TestApp, 'app'>): CapacityMeter {
  return meterOf(app, aroundLimitCalls);
}

function meterOf(app: Pick<TestApp, 'app'>, around: typeof aroundCalls): CapacityMeter {
  let units = { read: 0, write: 0 };
  around(app, async ({ command, input }, send) => {
    const output = await send({ ...input, ReturnConsumedCapacity: 'TOTAL' });
    const { ConsumedCapacity: consumed } = output as {
      ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[];
    };
    if (consumed === undefined) throw new Error(`The engine told no capacity of ${command}`);
    const total = [consumed].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
    const isRead = READS.has(command);
    units = isRead ? { ...units, read: units.read + total } : { ...units, write: units.write + total };
    return output;
  });
  return {
    async during(work) {
      units = { read: 0, write: 0 };
      await work();
      return units;
    },
  };
}
