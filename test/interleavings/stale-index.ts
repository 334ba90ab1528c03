import type { TableNames } from '../../src/config/config.js';
import { EMAIL_INDEX, USER_FILES_INDEX, USER_SESSIONS_INDEX } from '../../src/database/tables.js';
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
 * Indexes that answer from before the last write of a run, as real ones do for moments: what they hold is read before each
 * write, and queries are answered from that. Rows come whole and in one page.
 */
export class StaleIndex {
  private readonly partitions: readonly Partition[];
  private held: Map<string, Row[]> | undefined;

  constructor(tables: TableNames, { accounts, mailboxes }: World) {
    const owner = accounts.get('owner') as string;
    this.partitions = [
      ...[...mailboxes.values()].map((value) => ({
        ...{ table: tables.users, index: EMAIL_INDEX, attribute: 'email', value },
      })),
      { table: tables.audioFiles, index: USER_FILES_INDEX, attribute: 'user_id', value: owner },
      { table: tables.sessions, index: USER_SESSIONS_INDEX, attribute: 'user_id', value: owner },
    ];
  }

  /** Makes a call, but for a query of an index. */
  async around<T>(call: Call, make: () => Promise<T>): Promise<T> {
    const { database } = call;
    if (!database) return make();
    if (call.isWrite) {
      this.held = await this.read(database.query);
      return make();
    }
    const answer = this.held && call.name === 'query' ? this.answer(database.input, this.held) : undefined;
    return answer === undefined ? make() : (answer as T);
  }

  private answer(input: DatabaseInput, held: ReadonlyMap<string, Row[]>): unknown {
    const values = Object.values(input['ExpressionAttributeValues'] as Row);
    const rows = values.flatMap((value) => held.get(`${String(input['IndexName'])} ${String(value)}`) ?? []);
    const known = values.some((value) => held.has(`${String(input['IndexName'])} ${String(value)}`));
    if (!known) return undefined;
    const Items = input['ScanIndexForward'] === false ? rows.toReversed() : rows;
    return { Items, Count: Items.length, $metadata: { requestId: 'stale', attempts: 1 } };
  }

  private async read(query: DatabaseMethod): Promise<Map<string, Row[]>> {
    const pages = await Promise.all(
      this.partitions.map(async ({ table, index, attribute, value }): Promise<[string, Row[]]> => {
        const { Items } = await query({
          ...{ TableName: table, IndexName: index, KeyConditionExpression: `${attribute} = :value` },
          ExpressionAttributeValues: { ':value': value },
        });
        return [`${index} ${value}`, Items as Row[]];
      }),
    );
    return new Map(pages);
  }
}
