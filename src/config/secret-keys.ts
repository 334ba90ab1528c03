import type { AppConfig } from './config.js';
import type { EnvironmentReader } from './environment-reader.js';

/** Values from examples, which everybody knows. */
const EXAMPLES = /change[-_ ]?me|example|your[-_ ]?secret|secret[-_ ]?key/i;
/** A key with fewer different characters was typed and not generated. */
const FEWEST_CHARACTERS = 8;

/** RFC 7518 §3.2: a key for HS256 has at least as many bits as the hash. */
const MIN_BYTES = 32;

const HOW_TO = 'e.g. from: openssl rand -hex 32';

/** How a JSON array of strings begins. A key that begins like this must be written in one. */
const ARRAY = /^\s*\[\s*["\]]/;

/** Keys that no longer sign tokens. */
interface PreviousKeys {
  /** The configured keys, which must satisfy the rules of a key. */
  readonly named: readonly string[];
  /** All possible readings of them, for verification. */
  readonly candidates: readonly string[];
}

/** The keys that verify tokens. A previous key grants the same access as the current one. */
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
 * A JSON array contains the keys exactly. In a comma-separated list, whitespace around a key (the line end of the file
 * that it was read from) may be part of the key, as in `SECRET_KEY`, or only formatting, and a comma may be part of a
 * key. A token signed with any of these readings was signed by somebody who has the key.
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
  // Not even a single comma may be a key.
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
