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
  /** Its name in the code. */
  readonly table: TableKey;
  readonly name: string;
  readonly partitionKey: KeyAttribute;
  /** Global secondary indexes. */
  readonly indexes: readonly IndexDefinition[];
  /** Number attribute with the Unix second after which DynamoDB may delete a row. */
  readonly timeToLive?: string;
  /** The service serves without it, and nobody would restore its rows: no part of readiness, backups and alarms. */
  readonly isEphemeral?: true;
}

export const EMAIL_INDEX = 'email-index';
export const USER_FILES_INDEX = 'user-files-index';
export const USER_SESSIONS_INDEX = 'user-sessions-index';

/** The attribute with the owner of a row, in every table with rows of users. An index by it finds the rows. */
export const OWNER_ATTRIBUTE = 'user_id';

/** The tables without their configured names. The compiler requires one for each name. */
const DEFINITIONS: Readonly<Record<TableKey, Omit<TableDefinition, 'table' | 'name'>>> = {
  users: {
    partitionKey: { name: 'user_id', type: 'S' },
    // All attributes: the older backend reads accounts from the index.
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
        // Keys only, so that the hourly update of the last use does not also write to the index.
        projection: 'KEYS_ONLY',
      },
    ],
    timeToLive: 'expires_at',
  },
  limits: {
    partitionKey: { name: 'limit_key', type: 'S' },
    indexes: [],
    timeToLive: 'expires_at',
    isEphemeral: true,
  },
};

/**
 * The only definition of the tables. Repositories, the command that creates the tables and the tests all use it. The
 * keys are those of existing tables and cannot change. Billing is on demand.
 */
export function tableDefinitions(names: TableNames): readonly TableDefinition[] {
  return TABLE_KEYS.map((table) => ({ table, name: names[table], ...DEFINITIONS[table] }));
}

/** The index that finds the rows of a user; `undefined` for a table without rows of users. */
export function ownerIndexOf({ indexes }: Pick<TableDefinition, 'indexes'>): IndexDefinition | undefined {
  return indexes.find(({ partitionKey }) => partitionKey.name === OWNER_ATTRIBUTE);
}

/**
 * The tables from which `npm run reconcile` removes rows of deleted accounts. Not tables whose rows expire, and not the
 * records of audio files, which are removed together with their objects.
 */
export function tablesToSweep(definitions: readonly TableDefinition[]): readonly TableDefinition[] {
  return definitions.filter(
    (definition) =>
      holdsRowsOfUsers(definition) &&
      definition.timeToLive === undefined &&
      definition.table !== 'audioFiles',
  );
}

/** Whether a table has rows of users, according to its keys. The account itself does not count. */
export function holdsRowsOfUsers(definition: TableDefinition): boolean {
  if (definition.table === 'users') return false;
  return definition.partitionKey.name === OWNER_ATTRIBUTE || ownerIndexOf(definition) !== undefined;
}
