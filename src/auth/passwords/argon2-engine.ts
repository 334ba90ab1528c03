import { createRequire } from 'node:module';
import argon2 from 'argon2';
import type { Logger } from '../../common/logging/logger.js';

const require = createRequire(import.meta.url);

/** The cost parameters of a hash. */
export interface Argon2Parameters {
  readonly memoryKib: number;
  readonly timeCost: number;
  readonly parallelism: number;
}

/** A package that computes Argon2. All packages verify each other's hashes. */
export interface Argon2Engine {
  /** Name of the package. */
  readonly name: string;
  /** A new Argon2id hash in PHC string format, with the parameters in the order of the format: m, t, p. */
  readonly hash: (password: string, parameters: Argon2Parameters) => Promise<string>;
  /**
   * Whether the password matches the hash.
   *
   * @param phc Argon2 in PHC string format, any variant and parameters
   * @throws Error if the hash is malformed
   */
  readonly verify: (phc: string, password: string) => Promise<boolean>;
}

/**
 * The part of `@node-rs/argon2` that is used. Declared here, because the build must also pass if the package is not
 * installed.
 */
interface NodeRsArgon2 {
  hash(password: string, options: Record<string, number>): Promise<string>;
  verify(phc: string, password: string): Promise<boolean>;
}

const FASTER = '@node-rs/argon2';
/** The package's constant for Argon2id. */
const NODE_RS_ARGON2ID = 2;

/** So cheap that the first login does not wait for it. */
const SELF_TEST = { memoryKib: 64, timeCost: 1, parallelism: 1 };
const PASSWORD = 'pässword';
/** Test vectors of the reference implementation (`src/test.c` of phc-winner-argon2). Their password is "password". */
const KNOWN = [
  '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
  '$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc',
];

/** The package `argon2`, which is always installed. */
export const referenceEngine: Argon2Engine = {
  name: 'argon2',
  async hash(password, { memoryKib: memoryCost, timeCost, parallelism }) {
    const phc = await argon2.hash(password, { type: argon2.argon2id, memoryCost, timeCost, parallelism });
    // The package sorts the parameters by name. The reference decoder, which the older backend uses, accepts only the
    // order of the format: m, t, p.
    return phc.replace(/(,p=\d+)(,t=\d+)/, '$2$1');
  },
  verify: (phc, password) => argon2.verify(phc, password),
};

/**
 * The package `@node-rs/argon2`, which takes two thirds of the CPU time. Like those of `argon2`, its asynchronous
 * functions run in libuv's thread pool.
 *
 * @throws Error if it is not installed, or not for this platform
 */
export function loadFasterEngine(): Argon2Engine {
  const nodeRs = require(FASTER) as NodeRsArgon2;
  return {
    name: FASTER,
    hash: (password, { memoryKib: memoryCost, timeCost, parallelism }) =>
      nodeRs.hash(password, { algorithm: NODE_RS_ARGON2ID, memoryCost, timeCost, parallelism }),
    verify: (phc, password) => nodeRs.verify(phc, password),
  };
}

/**
 * Creates a function that selects the engine at its first call and returns the same engine from then on, also to
 * concurrent callers. It never fails: if anything is wrong with the faster engine, `argon2` is used.
 *
 * @param load loads the faster engine
 */
export function engineChooser(
  load: () => Argon2Engine | Promise<Argon2Engine> = loadFasterEngine,
): (logger: Logger) => Promise<Argon2Engine> {
  let chosen: Promise<Argon2Engine> | undefined;
  return (logger) => (chosen ??= choose(load, logger));
}

/** The engine of this process. The first call loads and tests it, and logs its name. */
export const chooseEngine = engineChooser();

async function choose(
  load: () => Argon2Engine | Promise<Argon2Engine>,
  logger: Logger,
): Promise<Argon2Engine> {
  const engine = (await fasterEngine(load, logger)) ?? referenceEngine;
  logger.info({ engine: engine.name }, 'password hashing uses this engine');
  return engine;
}

/** The faster engine, if it is installed and computes the same as `argon2`. */
async function fasterEngine(
  load: () => Argon2Engine | Promise<Argon2Engine>,
  logger: Logger,
): Promise<Argon2Engine | undefined> {
  let engine: Argon2Engine;
  try {
    engine = await load();
  } catch (error) {
    // The package is optional: a missing one is not an error.
    logger.debug({ err: error }, 'the faster password hashing engine cannot be loaded');
    return undefined;
  }
  try {
    await assertWorks(engine);
    return engine;
  } catch (error) {
    logger.warn(
      { engine: engine.name, err: error },
      'a password hashing engine failed its self-test and is not used',
    );
    return undefined;
  }
}

/** @throws Error if the engine and `argon2` disagree, and any error of the engine */
async function assertWorks(engine: Argon2Engine): Promise<void> {
  const [own, other] = await Promise.all([
    engine.hash(PASSWORD, SELF_TEST),
    referenceEngine.hash(PASSWORD, SELF_TEST),
  ]);
  assertTold(
    'a hash in the order m, t, p',
    /^\$argon2id\$v=19\$m=64,t=1,p=1\$[\w+/]{22}\$[\w+/]{43}$/.test(own),
  );
  assertTold('a salt of its own', own !== (await engine.hash(PASSWORD, SELF_TEST)));
  assertTold('a hash that argon2 verifies', await referenceEngine.verify(own, PASSWORD));
  assertTold('that a password is right', await engine.verify(other, PASSWORD));
  assertTold('that a password is wrong', !(await engine.verify(other, `${PASSWORD}.`)));
  for (const phc of KNOWN) assertTold('that a known hash is right', await engine.verify(phc, 'password'));
}

function assertTold(what: string, isTold: boolean): void {
  if (!isTold) throw new Error(`The engine does not give ${what}`);
}
