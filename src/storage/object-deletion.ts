import { forEachAtMost } from '../common/concurrency.js';
import { isTransportFailure } from '../common/transport-failures.js';

/** Keys of one `DeleteObjects`: S3 accepts 1,000, and deletes this number well within one deadline. */
const BATCH = 100;
const PARALLEL_BATCHES = 4;
const PARALLEL_KEYS = 10;

/**
 * Error codes of object stores that do not support batch deletion: for invalid XML, for a missing `Content-MD5`, or for
 * any such request. No other error is a refusal: in an outage, single deletions would only add load.
 */
const REFUSALS = new Set([
  ...['MalformedXML', 'InvalidRequest', 'InvalidArgument', 'InvalidDigest', 'BadDigest', 'MissingContentMD5'],
  ...[
    'MissingContentLength',
    'MethodNotAllowed',
    'NotImplemented',
    'XNotImplemented',
    'UnsupportedOperation',
  ],
]);
const REFUSING_STATUSES = new Set([405, 501]);

/** The result of one batch. */
export interface BatchDeletion {
  /** Keys that the store reports as deleted. */
  readonly gone: ReadonlySet<string>;
  /** Keys that the store reports as not deleted. */
  readonly kept: ReadonlySet<string>;
}

/** The two ways to delete objects, each call with its own deadline. */
export interface Deletion {
  /** `undefined` if the store does not support batch deletion. */
  readonly many: (keys: readonly string[]) => Promise<BatchDeletion | undefined>;
  /** Whether it was deleted; false if the store refuses. */
  readonly one: (key: string) => Promise<boolean>;
}

/**
 * Deletes objects in batches. Deletes one by one the keys that XML cannot contain, the keys that are missing in the
 * response, and all keys if the store does not support batches.
 *
 * @param keys all different
 * @returns keys that the store did not delete
 * @throws the error of the first call without an answer
 */
export async function deleteObjects(keys: readonly string[], { many, one }: Deletion): Promise<Set<string>> {
  const left = new Set<string>();
  const batched = keys.filter(survivesXml);
  const single = keys.filter((key) => !survivesXml(key));
  const batches = Array.from({ length: Math.ceil(batched.length / BATCH) }, (_, n) =>
    batched.slice(n * BATCH, (n + 1) * BATCH),
  );
  await forEachAtMost(PARALLEL_BATCHES, batches, async (batch) => {
    const done = await many(batch);
    for (const key of batch) {
      if (done?.kept.has(key)) left.add(key);
      // Missing in the response: the store has read another key than was sent.
      else if (!done?.gone.has(key)) single.push(key);
    }
  });
  await forEachAtMost(PARALLEL_KEYS, single, async (key) => {
    if (!(await one(key))) left.add(key);
  });
  return left;
}

/** Whether a store has refused a batch deletion as such. */
export function isBatchRefusal(error: unknown): boolean {
  const { name, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
  if ($metadata === undefined) return false;
  return REFUSALS.has(name) || REFUSING_STATUSES.has($metadata.httpStatusCode ?? 0);
}

/** Whether a store has answered that it does not delete this object. */
export function isKeyRefusal(error: unknown): boolean {
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 0;
  return status >= 400 && status < 500 && status !== 429 && !isTransportFailure(error);
}

/**
 * Whether a key is unchanged by XML: XML 1.0 cannot contain most control characters and U+FFFE and U+FFFF, and some
 * stores trim the text between two tags.
 */
function survivesXml(key: string): boolean {
  return key.isWellFormed() && key.trim() === key && !/[\p{Cc}\ufffe\uffff]/u.test(key);
}
