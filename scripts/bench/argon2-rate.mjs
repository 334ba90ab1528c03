/**
 * How many Argon2 verifications a second this machine does with no HTTP around them: the ceiling of logins a second.
 * A verification computes one hash, as a login does.
 *
 * Usage: node argon2-rate.mjs MEMORY_KIB TIME_COST PARALLELISM CONCURRENCY SECONDS
 * Prints hashes a second.
 */
import argon2 from 'argon2';

const WARM_UP_MS = 500;
const PASSWORD = 'correct horse battery';

const [memoryCost = NaN, timeCost = NaN, parallelism = NaN, concurrency = NaN, seconds = NaN] = process.argv
  .slice(2)
  .map(Number);
const target = await argon2.hash(PASSWORD, { type: argon2.argon2id, memoryCost, timeCost, parallelism });

await verifyFor(WARM_UP_MS);
const started = performance.now();
const hashes = await verifyFor(seconds * 1000);
console.log((hashes / (performance.now() - started)) * 1000);

/**
 * Verifies with `concurrency` at once.
 *
 * @param {number} milliseconds
 * @returns {Promise<number>} how many were done
 */
async function verifyFor(milliseconds) {
  const end = performance.now() + milliseconds;
  let done = 0;
  const worker = async () => {
    for (; performance.now() < end; done++) await argon2.verify(target, PASSWORD);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return done;
}
