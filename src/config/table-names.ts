/** Every table of the service, by what the code calls it, and its name where the environment says nothing. */
export const DEFAULT_TABLE_NAMES = {
  users: 'panzoto-users',
  audioFiles: 'panzoto-audio-files',
  sessions: 'panzoto-sessions',
} as const;

/** What the code calls a table. */
export type TableKey = keyof typeof DEFAULT_TABLE_NAMES;

/** The name of each table in DynamoDB. */
export type TableNames = Readonly<Record<TableKey, string>>;

/** All tables, in the order in which they are made. */
export const TABLE_KEYS = Object.keys(DEFAULT_TABLE_NAMES) as readonly TableKey[];

/** The variable that names a table: `AUDIO_FILES_TABLE` for `audioFiles`. */
export function tableVariable(table: TableKey): string {
  return `${table.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}_TABLE`;
}

/** Something for each table. */
export function forEachTable<T>(make: (table: TableKey) => T): Readonly<Record<TableKey, T>> {
  return Object.fromEntries(TABLE_KEYS.map((table) => [table, make(table)])) as Record<TableKey, T>;
}
