import type { OrphanGuard } from './mortal-process.js';

/** What stands before the function: its own URL, or an HTTP API of API Gateway (stage `$default`, payload 2.0). */
export type Front = 'function-url' | 'http-api';

/** `InvokeMode` of a Function URL. HTTP APIs are always `buffered`. */
export type InvokeMode = 'stream' | 'buffered';

/** How an emulator is started. */
export interface EmulatorOptions {
  /** Module with the handler. */
  handlerFile: string;
  /** Name of its export. */
  exportName: string;
  mode: InvokeMode;
  /** `function-url` by default. */
  front?: Front;
  /** Environment variables of the function. Nothing is inherited from this process. */
  env?: NodeJS.ProcessEnv;
  /** Whether the front renames and adds headers of responses, as those of AWS do; true by default. */
  changesHeaders?: boolean;
  /** Execution environments at the same time, as reserved concurrency does it; 4 by default. */
  concurrency?: number;
  /**
   * How long a request waits for an environment where all are busy and there is no room; 0 by default, as on AWS. For tests that
   * ask for more at once than this machine has memory for. Milliseconds.
   */
  queueMs?: number;
  /** An environment that waited so long is ended; 10 minutes by default. Milliseconds. */
  idleMs?: number;
  /** Time for the code outside of the handler; 10 s by default. Milliseconds. */
  initTimeoutMs?: number;
  /** Time-out of the function; 29 s by default. Milliseconds. */
  invokeTimeoutMs?: number;
  /** `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`, which limits nothing here; 512 by default. MB. */
  memoryMb?: number;
  /** A free one by default. */
  port?: number;
  /** 127.0.0.1 by default. */
  host?: string;
  /** Takes each line of the function and of the platform. */
  log?: (line: string) => void;
  /** Called for each cold start that succeeded. */
  onColdStart?: (start: ColdStart) => void;
  /** Called before an environment goes on with its next invocation: a test may change what it depends on. */
  onThaw?: (environment: EnvironmentView) => void | Promise<void>;
  /** Loads the injected clock into the environments, see `advanceClock`. It costs CPU; false by default. */
  clock?: boolean;
  /** What ends the environments when this process is killed; chosen by what is installed. */
  orphanGuard?: OrphanGuard;
}

/** From the start of a process to its first call for an invocation. */
export interface ColdStart {
  /** Name of the environment, as in `AWS_LAMBDA_LOG_STREAM_NAME`. */
  environment: string;
  durationMs: number;
}

/**
 * `starting` until it calls for its first invocation, `busy` with one, `finishing` when it has answered and not called for
 * the next one yet, `frozen` (SIGSTOP) while it waits, `gone`.
 */
export type EnvironmentState = 'starting' | 'busy' | 'finishing' | 'frozen' | 'gone';

/** An execution environment as tests see it. */
export interface EnvironmentView {
  readonly name: string;
  readonly pid: number;
  readonly state: EnvironmentState;
  /** Invocations that it was given. */
  readonly invocations: number;
}
