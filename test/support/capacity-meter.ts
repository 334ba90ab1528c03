import type { ConsumedCapacity, DynamoDBClient } from '@aws-sdk/client-dynamodb';

/** Request units: `read` as DynamoDB bills reads, `write` as it bills writes. */
export interface RequestUnits {
  readonly read: number;
  readonly write: number;
}

/** Adds up what the calls of a client cost. */
export interface CapacityMeter {
  /** What the calls cost that are made while `work` runs. */
  during(work: () => PromiseLike<unknown>): Promise<RequestUnits>;
}

const READS = new Set(['GetItemCommand', 'QueryCommand', 'ScanCommand', 'BatchGetItemCommand']);

/** Makes every call of `client` ask for its consumed capacity, and reads it from the answer. */
export function meterCapacity(client: DynamoDBClient): CapacityMeter {
  let units = { read: 0, write: 0 };
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next({ ...args, input: { ...args.input, ReturnConsumedCapacity: 'TOTAL' } });
      const { ConsumedCapacity: consumed } = result.output as {
        ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[];
      };
      if (consumed === undefined) throw new Error(`The engine told no capacity of ${context.commandName}`);
      const total = [consumed].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
      // A document command goes by the name of the command within it.
      const isRead = READS.has(String(context.commandName));
      units = isRead ? { ...units, read: units.read + total } : { ...units, write: units.write + total };
      return result;
    },
    { step: 'initialize', name: 'capacityMeter' },
  );
  return {
    async during(work) {
      units = { read: 0, write: 0 };
      await work();
      return units;
    },
  };
}
