/** Where `npm run reconcile` moves what it removes, below a folder for each day. */
export const QUARANTINE_FOLDER = 'quarantine';

/** Days after which what is in quarantine is deleted for good. */
export const QUARANTINE_DAYS = 30;

/** The object that names the tables which belong to the bucket. */
export const TABLES_MARKER_KEY = 'reconcile/tables.json';

/** First segments of keys that are the service's own, and so of no folder of uploads. */
const RESERVED = new Set([QUARANTINE_FOLDER, TABLES_MARKER_KEY.split('/', 1)[0]]);

/** Whether uploads may go to this folder. */
export function isReserved(folder: string): boolean {
  return RESERVED.has(folder.split('/', 1)[0] ?? '');
}
