import type { AppConfig } from './config.js';
import type { EnvironmentReader } from './environment-reader.js';

/** Values that stand in examples and so are known to everybody. */
const EXAMPLES = /change[-_ ]?me|example|your[-_ ]?secret|secret[-_ ]?key/i;
/** A key of fewer different characters was typed, not drawn. */
const FEWEST_CHARACTERS = 8;

/** RFC 7518 §3.2: a key for HS256 has at least as many bits as the hash. */
const MIN_BYTES = 32;

const HOW_TO = 'e.g. from: openssl rand -hex 32';

/** How an array of strings begins. A key that begins so has to be written as one. */
const ARRAY = /^\s*\[\s*["\]]/;

/** Keys that are no longer signed with. */
interface PreviousKeys {
  /** As they are meant, each held to the rules of a key. */
  readonly named: readonly string[];
  /** All that may be meant, to verify with. */
  readonly candidates: readonly string[];
}

/** The keys that tokens are verified with. A previous one lets everybody in just as the present one does. */
export function readSecretKeys(
  env: EnvironmentReader,
  nodeEnv: AppConfig['nodeEnv'],
): Pick<AppConfig, 'secretKey' | 'previousSecretKeys'> {
  const secretKey = env.optional('SECRET_KEY') ?? '';
  if (isShort(secretKey)) env.problem('SECRET_KEY', `set to at least ${MIN_BYTES} random bytes, ${HOW_TO}`);
  else if (nodeEnv === 'production' && isExample(secretKey)) {
    env.problem('SECRET_KEY', `random, not an example value, ${HOW_TO}`);
  }
  const { named, candidates } = readPrevious(env);
  if (named.some(isShort)) {
    env.problem(
      'SECRET_KEY_PREVIOUS',
      `keys of at least ${MIN_BYTES} bytes, separated by commas; as a JSON array where one contains a comma`,
    );
  } else if (nodeEnv === 'production' && named.some(isExample)) {
    env.problem(
      'SECRET_KEY_PREVIOUS',
      'random keys without an example value among them, separated by commas',
    );
  }
  return { secretKey, previousSecretKeys: candidates };
}

/**
 * A JSON array has the keys exactly as they are. In a list separated by commas, blanks around a key (the line end of a file
 * that it was read from) may be part of it, as they are of `SECRET_KEY`, or may stand there for the eye, and a comma may be
 * part of a key: a token signed in any of these ways was signed by somebody who has the key.
 */
function readPrevious(env: EnvironmentReader): PreviousKeys {
  const value = env.optional('SECRET_KEY_PREVIOUS');
  if (value === undefined) return { named: [], candidates: [] };
  if (ARRAY.test(value)) {
    const keys = arrayOfStrings(value);
    if (keys === undefined)
      env.problem('SECRET_KEY_PREVIOUS', 'a JSON array of strings where it begins as one');
    return { named: keys ?? [], candidates: keys ?? [] };
  }
  const named = env.list('SECRET_KEY_PREVIOUS');
  // Not even a comma by itself may be a key.
  if (named.length === 0) return { named, candidates: [] };
  const raw = value.split(',').filter((entry) => entry.trim() !== '');
  return { named, candidates: [...new Set([...named, ...raw, value])] };
}

function arrayOfStrings(text: string): string[] | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) && parsed.every((entry) => typeof entry === 'string') ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isShort(key: string): boolean {
  return Buffer.byteLength(key) < MIN_BYTES;
}

function isExample(key: string): boolean {
  return EXAMPLES.test(key) || new Set(key).size < FEWEST_CHARACTERS;
}
