import { OWNER_ATTRIBUTE, type TableDefinition } from '../../src/database/tables.js';
import type { Call, DatabaseInput, DatabaseMethod } from './gate.js';
import type { World } from './world.js';

type Row = Record<string, unknown>;

interface Partition {
  readonly table: string;
  readonly index: string;
  readonly attribute: string;
  readonly value: string;
}

/**
 * Indexes that answer from before the last write to their table, as real ones do for moments: what they hold is read before
 * each write, and queries are answered from that. Rows come whole and in one page. A young account was written last before
 * the run.
 */
export class StaleIndex {
  private readonly partitions: readonly Partition[];
  private readonly held = new Map<string, Row[]>();

  constructor(tables: readonly TableDefinition[], world: World) {
    this.partitions = tables.flatMap(({ name: table, indexes }) =>
      indexes.flatMap(({ name: index, partitionKey: { name: attribute } }) =>
        valuesOf(attribute, world).map((value) => ({ table, index, attribute, value })),
      ),
    );
    for (const { table, index, attribute, value } of this.partitions) {
      if (world.isYoung && attribute === 'email') this.held.set(`${table} ${index} ${value}`, []);
    }
  }

  /** Makes a call, but for a query of an index. */
  async around<T>(call: Call, make: () => Promise<T>): Promise<T> {
    const { database } = call;
    if (!database) return make();
    if (call.isWrite) {
      await this.read(call.input, database.query);
      return make();
    }
    const answer = call.name === 'query' ? this.answer(call.input) : undefined;
    return answer === undefined ? make() : (answer as T);
  }

  private answer(input: DatabaseInput): unknown {
    const index = `${String(input['TableName'])} ${String(input['IndexName'])}`;
    const values = Object.values(input['ExpressionAttributeValues'] as Row);
    const rows = values.map((value) => this.held.get(`${index} ${String(value)}`)).find(Boolean);
    if (rows === undefined) return undefined;
    const Items = input['ScanIndexForward'] === false ? rows.toReversed() : rows;
    return { Items, Count: Items.length, $metadata: { requestId: 'stale', attempts: 1 } };
  }

  private async read(input: DatabaseInput, query: DatabaseMethod): Promise<void> {
    const written = JSON.stringify(input);
    const concerned = this.partitions.filter(({ table }) => written.includes(`"${table}"`));
    await Promise.all(
      concerned.map(async ({ table, index, attribute, value }) => {
        const { Items } = await query({
          ...{ TableName: table, IndexName: index, KeyConditionExpression: `${attribute} = :value` },
          ExpressionAttributeValues: { ':value': value },
        });
        this.held.set(`${table} ${index} ${value}`, Items as Row[]);
      }),
    );
  }
}

/** The partitions of an index that a run can be about. */
function valuesOf(attribute: string, { accounts, places }: World): readonly string[] {
  if (attribute === OWNER_ATTRIBUTE) return [accounts.get('owner') as string];
  if (attribute === 'email') return [...places.values()].flat();
  throw new Error(`Which ${attribute} a run is about is not known: say it here`);
}
