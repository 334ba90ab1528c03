/** The engines there are. */
export type EngineKind = 'dynamodb-local' | 'embedded';

/** A running database. */
export interface Engine {
  /** For people: `DynamoDB Local 1.25.1`. */
  readonly name: string;
  readonly kind: EngineKind;
  /** Where it answers, always on 127.0.0.1: `http://127.0.0.1:40123`. */
  readonly endpoint: string;
  /** Process id of the engine itself, for tests that kill or suspend it. */
  readonly pid: number;
  /** The file or directory with the data; undefined when in memory. */
  readonly storage: string | undefined;
  /** Resolves, never rejects, when the engine is gone, with the reason. */
  readonly exited: Promise<string>;
  /** SIGTERM, then SIGKILL after 5 s. Resolves when it is gone; may be called again. */
  stop(): Promise<void>;
}

/** What both engines understand. */
export interface EngineOptions {
  /** A free one by default; the start rejects with EADDRINUSE where something listens already. */
  port?: number | undefined;
  /** Gives up waiting for the engine and ends it. */
  signal?: AbortSignal | undefined;
}
