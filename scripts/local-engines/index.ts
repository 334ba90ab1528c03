import { hasJava, startDynamoDbLocal } from './dynamodb-local.js';
import { hasEmbedded, startEmbedded } from './embedded.js';
import type { Engine, EngineKind, EngineOptions } from './engine.js';

export { hasJava, startDynamoDbLocal } from './dynamodb-local.js';
export { hasEmbedded, startEmbedded } from './embedded.js';
export type { Engine, EngineKind, EngineOptions } from './engine.js';
export { type ObjectStorage, type ObjectStorageOptions, startObjectStorage } from './s3.js';

/** Which engine to start, and where it keeps its data (in memory by default). */
export interface StartEngineOptions extends EngineOptions {
  /**
   * `auto`: DynamoDB Local if Java works, otherwise the embedded engine (tests: closer to AWS is better).
   * `prefer-embedded`: the opposite order (local start: fast and small).
   */
  kind: EngineKind | 'auto' | 'prefer-embedded';
  /** SQLite file of the embedded engine. */
  file?: string | undefined;
  /** Data directory of DynamoDB Local. */
  directory?: string | undefined;
}

/** No engine of the requested kind can run on this machine. The message is for people. */
export class EngineUnavailableError extends Error {
  override readonly name = 'EngineUnavailableError';
}

/**
 * Starts a DynamoDB engine on 127.0.0.1 and waits until it answers.
 *
 * @throws EngineUnavailableError if none of that kind can run here
 * @throws Error with the output of the engine if it ends before it answers
 */
export async function startEngine(options: StartEngineOptions): Promise<Engine> {
  switch (chooseEngine(options.kind)) {
    case 'embedded':
      return startEmbedded(options);
    case 'dynamodb-local':
      return startDynamoDbLocal(options);
  }
}

function chooseEngine(kind: StartEngineOptions['kind']): EngineKind {
  const order: Record<typeof kind, EngineKind[]> = {
    embedded: ['embedded'],
    'dynamodb-local': ['dynamodb-local'],
    auto: ['dynamodb-local', 'embedded'],
    'prefer-embedded': ['embedded', 'dynamodb-local'],
  };
  const works = { embedded: hasEmbedded, 'dynamodb-local': hasJava };
  const chosen = order[kind].find((candidate) => works[candidate]());
  if (chosen !== undefined) return chosen;
  const needs = {
    embedded: 'the embedded engine is for Linux on x64 (npm package @dynoxide/linux-x64)',
    'dynamodb-local': 'DynamoDB Local needs a Java runtime, 11 or newer, on the PATH',
  };
  const reasons = order[kind].map((candidate) => needs[candidate]).join(', and ');
  throw new EngineUnavailableError(`No DynamoDB engine can run here: ${reasons}.`);
}
