/** Every table of the service: its key in the code, and its default name. */
export const DEFAULT_TABLE_NAMES = {
  users: 'panzoto-users',
  audioFiles: 'panzoto-audio-files',
  sessions: 'panzoto-sessions',
  limits: 'panzoto-limits',
} as const;

/** Key of a table in the code. */
export type TableKey = keyof typeof DEFAULT_TABLE_NAMES;

/** The name of each table in DynamoDB. */
export type TableNames = Readonly<Record<TableKey, string>>;

/** All tables, in the order of their creation. */
export const TABLE_KEYS = Object.keys(DEFAULT_TABLE_NAMES) as readonly TableKey[];

/** The environment variable for the name of a table: `AUDIO_FILES_TABLE` for `audioFiles`. */
export function tableVariable(table: TableKey): string {
  return `${table.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}_TABLE`;
}

/** A value for each table. */
export function forEachTable<T>(make: (table: TableKey) => T): Readonly<Record<TableKey, T>> {
  return Object.fromEntries(TABLE_KEYS.map((table) => [table, make(table)])) as Record<TableKey, T>;
}
