/** The available engines. */
export type EngineKind = 'dynamodb-local' | 'embedded';

/** A running database. */
export interface Engine {
  /** For people: `DynamoDB Local 1.25.1`. */
  readonly name: string;
  readonly kind: EngineKind;
  /** Always on 127.0.0.1: `http://127.0.0.1:40123`. */
  readonly endpoint: string;
  /** Process id of the engine itself, for tests that kill or suspend it. */
  readonly pid: number;
  /** The file or directory with the data; undefined when in memory. */
  readonly storage: string | undefined;
  /** Resolves, never rejects, when the engine has ended, with the reason. */
  readonly exited: Promise<string>;
  /** SIGTERM, then SIGKILL after 5 s. Resolves when it has ended; can be called again. */
  stop(): Promise<void>;
}

/** Options of both engines. */
export interface EngineOptions {
  /** A free port by default. The start rejects with EADDRINUSE if the port is in use. */
  port?: number | undefined;
  /** Aborts waiting for the engine and ends it. */
  signal?: AbortSignal | undefined;
}
