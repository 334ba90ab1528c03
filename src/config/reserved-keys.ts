/** Where `npm run reconcile` moves removed objects, below a folder for each day. */
export const QUARANTINE_FOLDER = 'quarantine';

/** Days after which objects in quarantine are deleted permanently. */
export const QUARANTINE_DAYS = 30;

/** The object with the tables that belong to the bucket. */
export const TABLES_MARKER_KEY = 'reconcile/tables.json';

/** First segments of the service's own keys, which cannot be upload folders. */
const RESERVED = new Set([QUARANTINE_FOLDER, TABLES_MARKER_KEY.split('/', 1)[0]]);

/** Whether a folder is reserved, so that uploads cannot go to it. */
export function isReserved(folder: string): boolean {
  return RESERVED.has(folder.split('/', 1)[0] ?? '');
}
