import { TABLE_KEYS, type TableKey, type TableNames } from '../config/table-names.js';

/** Type of a key attribute: string or number. */
export type KeyType = 'S' | 'N';

export interface KeyAttribute {
  readonly name: string;
  readonly type: KeyType;
}

export interface IndexDefinition {
  readonly name: string;
  readonly partitionKey: KeyAttribute;
  readonly sortKey?: KeyAttribute;
  readonly projection: 'ALL' | 'KEYS_ONLY';
}

export interface TableDefinition {
  /** What the code calls it. */
  readonly table: TableKey;
  readonly name: string;
  readonly partitionKey: KeyAttribute;
  /** Global secondary indexes. */
  readonly indexes: readonly IndexDefinition[];
  /** Number attribute with the Unix second after which DynamoDB may delete a row. */
  readonly timeToLive?: string;
}

export const EMAIL_INDEX = 'email-index';
export const USER_FILES_INDEX = 'user-files-index';
export const USER_SESSIONS_INDEX = 'user-sessions-index';

/** Rows of users have their owner here, in every table; the index by it is how they are found. */
export const OWNER_ATTRIBUTE = 'user_id';

/** A table but for what it is called. The compiler asks for one for each of the names. */
const DEFINITIONS: Readonly<Record<TableKey, Omit<TableDefinition, 'table' | 'name'>>> = {
  users: {
    partitionKey: { name: 'user_id', type: 'S' },
    // Whole rows: the older backend reads accounts from the index.
    indexes: [{ name: EMAIL_INDEX, partitionKey: { name: 'email', type: 'S' }, projection: 'ALL' }],
  },
  audioFiles: {
    partitionKey: { name: 'file_id', type: 'S' },
    indexes: [
      {
        name: USER_FILES_INDEX,
        partitionKey: { name: 'user_id', type: 'S' },
        sortKey: { name: 'uploaded_at', type: 'N' },
        projection: 'ALL',
      },
    ],
  },
  sessions: {
    partitionKey: { name: 'session_id', type: 'S' },
    indexes: [
      {
        name: USER_SESSIONS_INDEX,
        partitionKey: { name: 'user_id', type: 'S' },
        sortKey: { name: 'created_at', type: 'N' },
        // Keys only, so that the hourly note of the last use is not written twice.
        projection: 'KEYS_ONLY',
      },
    ],
    timeToLive: 'expires_at',
  },
};

/**
 * The only definition of the tables. Repositories, the command that makes the tables and the tests all read it. Keys
 * are those of the tables that exist already and cannot change; billing is on demand.
 */
export function tableDefinitions(names: TableNames): readonly TableDefinition[] {
  return TABLE_KEYS.map((table) => ({ table, name: names[table], ...DEFINITIONS[table] }));
}

/** The index in which the rows of a user are found; `undefined` for a table whose rows are no user's. */
export function ownerIndexOf({ indexes }: Pick<TableDefinition, 'indexes'>): IndexDefinition | undefined {
  return indexes.find(({ partitionKey }) => partitionKey.name === OWNER_ATTRIBUTE);
}

/**
 * Tables of which `npm run reconcile` removes the rows of an account that is gone: not those whose rows expire by themselves,
 * nor the records of audio, which go together with their objects.
 */
export function tablesToSweep(definitions: readonly TableDefinition[]): readonly TableDefinition[] {
  return definitions.filter(
    (definition) =>
      holdsRowsOfUsers(definition) &&
      definition.timeToLive === undefined &&
      definition.table !== 'audioFiles',
  );
}

/** Whether a table has rows of users, by its keys. The account itself is no such row. */
export function holdsRowsOfUsers(definition: TableDefinition): boolean {
  if (definition.table === 'users') return false;
  return definition.partitionKey.name === OWNER_ATTRIBUTE || ownerIndexOf(definition) !== undefined;
}
