/** Shares above which it is rather the settings that are wrong, of numbers that say something. */
const TOO_MANY = 0.5;
const FEW = 20;

/** What leftovers usually are, of all records and objects, and how many are none too many in any case. */
const USUAL_SHARE = 0.1;
const USUAL_DELETIONS = 10;

/** Something left behind, or something that is not ours to judge. */
export interface Finding {
  readonly kind: 'account' | 'pending' | 'record' | 'object' | 'foreign';
  /** Id of the account or the record, or key of the object, fit for a line of a terminal. */
  readonly key: string;
  /** Whole hours; absent where it cannot be read. */
  readonly ageHours?: number;
  readonly problem: string;
  /** What was done about it; absent where nothing was. */
  readonly mended?: string;
}

/** Counts of what was found. With `apply`, what is to be mended counts once it is. */
export interface ReconcileReport {
  records: number;
  /** In folders of users. */
  objects: number;
  /** Records without what every record has. */
  unreadable: number;
  /** Objects in the folders of uploads that are in no folder of a user. */
  foreign: number;
  /** Objects that belong to one which a record names, such as transcripts. */
  beside: number;
  /** Old pending records whose audio is there. */
  completed: number;
  /** Old pending records whose audio is not there, or not as announced. */
  abandoned: number;
  /** Old records without an account. */
  ownerless: number;
  /** Old objects without a record. */
  strays: number;
  /** Deleted accounts that nothing has swept. */
  swept: number;
  /** Objects deleted for good that were in quarantine for long enough. */
  expired: number;
  /** Records and objects that were not mended because S3 refused something about them. */
  failed: number;
}

/** What shows that tables and bucket do not belong together; of any age. */
export interface Evidence {
  readonly records: number;
  readonly recordsWithoutAccount: number;
  /** Of accounts that exist, ready, with a key in a folder of theirs. */
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

/** What there is to mend, or was mended. */
export function changes({ completed, abandoned, ownerless, strays, swept }: ReconcileReport): number {
  return completed + abandoned + ownerless + strays + swept;
}

/**
 * Why the settings look wrong, in one sentence; `undefined` where they do not.
 *
 * @param few up to so many say nothing
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

/** A text fit for a line of a terminal: what is no visible character is written as its number. */
export function printable(text: string): string {
  return text.replace(
    /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

/** The number of deletions that a run may do where nobody says: a tenth of what there is, or a few. */
export function defaultMaxDeletions({ records, objects }: ReconcileReport): number {
  return Math.max(USUAL_DELETIONS, Math.floor((records + objects) * USUAL_SHARE));
}
