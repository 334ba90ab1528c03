/**
 * How many Argon2 verifications a second this machine does without HTTP: the maximum of logins a second. A verification
 * computes one hash, like a login, with the engine that logins use. Needs a build.
 *
 * Usage: node argon2-rate.mjs MEMORY_KIB TIME_COST PARALLELISM CONCURRENCY SECONDS
 * Prints hashes a second.
 */
const { chooseEngine } = await import(
  new URL('../../dist/auth/passwords/argon2-engine.js', import.meta.url).href
);

const WARM_UP_MS = 500;
const PASSWORD = 'correct horse battery';

const [memoryKib = NaN, timeCost = NaN, parallelism = NaN, concurrency = NaN, seconds = NaN] = process.argv
  .slice(2)
  .map(Number);
const silent = { error() {}, warn() {}, info() {}, debug() {} };
const engine = await chooseEngine(silent);
const target = await engine.hash(PASSWORD, { memoryKib, timeCost, parallelism });

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
    for (; performance.now() < end; done++) await engine.verify(target, PASSWORD);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return done;
}
