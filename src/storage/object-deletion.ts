import { forEachAtMost } from '../common/concurrency.js';
import { isTransportFailure } from '../common/transport-failures.js';

/** Keys of one `DeleteObjects`: of the 1,000 that S3 takes, as many as it deletes well within one deadline. */
const BATCH = 100;
const PARALLEL_BATCHES = 4;
const PARALLEL_KEYS = 10;

/**
 * What stores say that take no such request: of one that is no XML, of one without `Content-MD5`, of any at all. Nothing
 * else is a refusal; in an outage single deletions would only ask more.
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

/** How one batch ended. */
export interface BatchDeletion {
  /** Keys that the store says are gone. */
  readonly gone: ReadonlySet<string>;
  /** Keys that it says it could not delete. */
  readonly kept: ReadonlySet<string>;
}

/** The two ways to delete at a store, each call with a deadline of its own. */
export interface Deletion {
  /** `undefined` where the store does not take such a request. */
  readonly many: (keys: readonly string[]) => Promise<BatchDeletion | undefined>;
  /** Whether it is gone; false where the store refuses. */
  readonly one: (key: string) => Promise<boolean>;
}

/**
 * Deletes objects in batches; one by one those whose keys XML does not hold, those that the store does not name in its
 * answer, and all where it takes no batch.
 *
 * @param keys all different
 * @returns keys of those that the store did not delete
 * @throws the error of the first call that had no answer
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
      // Not named: the store read another key than was sent.
      else if (!done?.gone.has(key)) single.push(key);
    }
  });
  await forEachAtMost(PARALLEL_KEYS, single, async (key) => {
    if (!(await one(key))) left.add(key);
  });
  return left;
}

/** Whether a store has refused a request of many keys as such. */
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
 * Whether a key arrives in XML as it was sent: XML 1.0 has no form for most control characters and for U+FFFE and U+FFFF,
 * and some stores trim what stands between two tags.
 */
function survivesXml(key: string): boolean {
  return key.isWellFormed() && key.trim() === key && !/[\p{Cc}\ufffe\uffff]/u.test(key);
}
