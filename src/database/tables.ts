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
}

export interface TableDefinition {
  readonly name: string;
  readonly partitionKey: KeyAttribute;
  /** Global secondary indexes. They carry every attribute, which the older backend relies on. */
  readonly indexes: readonly IndexDefinition[];
}

export const EMAIL_INDEX = 'email-index';
export const USER_FILES_INDEX = 'user-files-index';

/**
 * The only definition of the tables. Repositories, the command that makes the tables and the tests all read it. Keys
 * are those of the tables that exist already and cannot change; billing is on demand.
 */
export function tableDefinitions(names: TableNames): readonly TableDefinition[] {
  return [
    {
      name: names.users,
      partitionKey: { name: 'user_id', type: 'S' },
      indexes: [{ name: EMAIL_INDEX, partitionKey: { name: 'email', type: 'S' } }],
    },
    {
      name: names.audioFiles,
      partitionKey: { name: 'file_id', type: 'S' },
      indexes: [
        {
          name: USER_FILES_INDEX,
          partitionKey: { name: 'user_id', type: 'S' },
          sortKey: { name: 'uploaded_at', type: 'N' },
        },
      ],
    },
  ];
}
