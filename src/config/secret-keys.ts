import type { AppConfig } from './config.js';
import type { EnvironmentReader } from './environment-reader.js';

/** Values that stand in examples and so are known to everybody. */
const EXAMPLES = /change[-_ ]?me|example|your[-_ ]?secret|secret[-_ ]?key/i;
/** A key of fewer different characters was typed, not drawn. */
const FEWEST_CHARACTERS = 8;

/** RFC 7518 §3.2: a key for HS256 has at least as many bits as the hash. */
const MIN_BYTES = 32;

const HOW_TO = 'e.g. from: openssl rand -hex 32';

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
  const previousSecretKeys = env.list('SECRET_KEY_PREVIOUS');
  if (previousSecretKeys.some(isShort)) {
    env.problem('SECRET_KEY_PREVIOUS', `keys of at least ${MIN_BYTES} bytes, separated by commas`);
  } else if (nodeEnv === 'production' && previousSecretKeys.some(isExample)) {
    env.problem(
      'SECRET_KEY_PREVIOUS',
      'random keys without an example value among them, separated by commas',
    );
  }
  return { secretKey, previousSecretKeys };
}

function isShort(key: string): boolean {
  return Buffer.byteLength(key) < MIN_BYTES;
}

function isExample(key: string): boolean {
  return EXAMPLES.test(key) || new Set(key).size < FEWEST_CHARACTERS;
}
