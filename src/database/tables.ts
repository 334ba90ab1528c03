import type { TableNames } from '../config/config.js';

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

/**
 * The only definition of the tables. Repositories, the command that makes the tables and the tests all read it. Keys
 * are those of the tables that exist already and cannot change; billing is on demand.
 */
export function tableDefinitions(names: TableNames): readonly TableDefinition[] {
  return [
    {
      name: names.users,
      partitionKey: { name: 'user_id', type: 'S' },
      // Whole rows: the older backend reads accounts from the index.
      indexes: [{ name: EMAIL_INDEX, partitionKey: { name: 'email', type: 'S' }, projection: 'ALL' }],
    },
    {
      name: names.audioFiles,
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
    {
      name: names.sessions,
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
  ];
}
