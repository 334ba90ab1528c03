/** Above this share the settings are probably wrong, if the counts are large enough to decide. */
const TOO_MANY = 0.5;
const FEW = 20;

/** The usual share of leftovers among all records and objects, and a number that is never too many. */
const USUAL_SHARE = 0.1;
const USUAL_DELETIONS = 10;

/** A leftover, or an item that the command cannot judge. */
export interface Finding {
  readonly kind: 'account' | 'pending' | 'record' | 'object' | 'foreign';
  /** Id of the account or the record, or key of the object, printable in a terminal. */
  readonly key: string;
  /** Whole hours; absent if it cannot be read. */
  readonly ageHours?: number;
  readonly problem: string;
  /** How it was repaired; absent if it was not. */
  readonly mended?: string;
}

/** Counts of the findings. With `apply`, repairs are counted when they are done. */
export interface ReconcileReport {
  records: number;
  /** In folders of users. */
  objects: number;
  /** Records without a required attribute. */
  unreadable: number;
  /** Objects in the upload folders, but in no folder of a user. */
  foreign: number;
  /** Objects that belong to the object of a record, such as transcripts. */
  beside: number;
  /** Old pending records whose audio exists. */
  completed: number;
  /** Old pending records whose audio is missing or differs from the announcement. */
  abandoned: number;
  /** Old records without an account. */
  ownerless: number;
  /** Old objects without a record. */
  strays: number;
  /** Deleted accounts that no instance has swept. */
  swept: number;
  /** Objects deleted permanently after their time in quarantine. */
  expired: number;
  /** Records and objects that were not repaired because S3 refused a call for them. */
  failed: number;
}

/** Evidence that tables and bucket do not belong together; of any age. */
export interface Evidence {
  readonly records: number;
  readonly recordsWithoutAccount: number;
  /** Ready records of existing accounts, with a key in one of their folders. */
  readonly recordsOfObjects: number;
  readonly objects: number;
  readonly objectsWithoutRecord: number;
}

export function emptyReport(): ReconcileReport {
  return {
    records: 0,
    objects: 0,
    unreadable: 0,
    foreign: 0,
    beside: 0,
    completed: 0,
    abandoned: 0,
    ownerless: 0,
    strays: 0,
    swept: 0,
    expired: 0,
    failed: 0,
  };
}

/** The number of repairs, done or to be done. */
export function changes({ completed, abandoned, ownerless, strays, swept }: ReconcileReport): number {
  return completed + abandoned + ownerless + strays + swept;
}

/**
 * Why the settings look wrong, in one sentence; `undefined` if they do not.
 *
 * @param few up to this count there is no evidence
 */
export function objectionTo(evidence: Evidence, few = FEW): string | undefined {
  const isMost = (part: number, whole: number) => whole > few && part > whole * TOO_MANY;
  const { records, recordsWithoutAccount, recordsOfObjects, objects, objectsWithoutRecord } = evidence;
  if (isMost(recordsWithoutAccount, records)) {
    return `${recordsWithoutAccount} of ${records} records have no account: is USERS_TABLE the right one?`;
  }
  if (isMost(objectsWithoutRecord, objects)) {
    return (
      `${objectsWithoutRecord} of ${objects} objects have no record: ` +
      'do AUDIO_FILES_TABLE and AWS_S3_BUCKET_NAME belong together?'
    );
  }
  const missing = recordsOfObjects - (objects - objectsWithoutRecord);
  if (isMost(missing, recordsOfObjects)) {
    return `${missing} of ${recordsOfObjects} records have no object: is AWS_S3_BUCKET_NAME the right one?`;
  }
  return undefined;
}

/** A text that can be printed in a terminal: invisible characters are escaped. */
export function printable(text: string): string {
  return text.replace(
    /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

/** The default limit of deletions: a tenth of all items, or a few. */
export function defaultMaxDeletions({ records, objects }: ReconcileReport): number {
  return Math.max(USUAL_DELETIONS, Math.floor((records + objects) * USUAL_SHARE));
}
