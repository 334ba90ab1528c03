import type { TableDefinition } from '../../src/database/tables.js';

type Row = Readonly<Record<string, unknown>>;

/** What of a definition tells rows apart: the name of the table, and its key. */
export type KeyedTable = Pick<TableDefinition, 'name' | 'partitionKey'>;

/** What a step of an operation has to do with steps of others. */
export interface Footprint {
  /** Rows (`table key`), tables (`table *`) and the object store (`objects *`). */
  readonly items: readonly string[];
  readonly isWrite: boolean;
  /** Whether the client sent something with it. */
  readonly begins: boolean;
  /** Whether the client was answered with it. */
  readonly ends: boolean;
}

/** What the object store is called: keys are not told apart. */
export const OBJECTS = 'objects *';

/**
 * Whether two steps that follow each other, of operations on different instances, may as well be made in the other order:
 * neither writes what the other one reads or writes, and no operation begins after another one has ended that did not.
 */
export function commute(one: Footprint, other: Footprint): boolean {
  if ((one.begins && other.ends) || (one.ends && other.begins)) return false;
  if (!one.isWrite && !other.isWrite) return true;
  return !one.items.some((item) => other.items.some((another) => overlap(item, another)));
}

/** What a call touches, by its input in the words of DynamoDB or S3. What is not understood touches the whole table. */
export function itemsOf(input: Row, tables: readonly KeyedTable[]): string[] {
  if ('Bucket' in input) return [OBJECTS];
  const { TableName: table, RequestItems: requests, TransactItems: transaction } = input;
  if (Array.isArray(transaction)) {
    return (transaction as Row[]).flatMap((item) =>
      Object.values(item).flatMap((one) => itemsOf(one as Row, tables)),
    );
  }
  if (requests !== undefined) {
    return Object.entries(requests as Row).flatMap(([name, wanted]) => {
      const { Keys: keys } = wanted as { Keys?: Row[] };
      const rows = keys ?? (wanted as Row[]).map(written);
      return rows.map((row) => itemOf(name, row, tables));
    });
  }
  const row = (input['Key'] ?? input['Item']) as Row | undefined;
  return [row ? itemOf(String(table), row, tables) : `${String(table)} *`];
}

function written({ PutRequest: put, DeleteRequest: deletion }: Row): Row {
  return ((put as Row | undefined)?.['Item'] ?? (deletion as Row | undefined)?.['Key'] ?? {}) as Row;
}

/** @param row a key, or a whole row, in which other attributes look like keys of other tables */
function itemOf(table: string, row: Row, tables: readonly KeyedTable[]): string {
  const key = row[tables.find(({ name }) => name === table)?.partitionKey.name ?? ''];
  return `${table} ${typeof key === 'string' ? key : '*'}`;
}

function overlap(one: string, other: string): boolean {
  const [[table, key], [otherTable, otherKey]] = [one.split(' '), other.split(' ')];
  return table === otherTable && (key === '*' || otherKey === '*' || key === otherKey);
}
