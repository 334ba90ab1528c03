import type { LogLevel } from '../common/logging/log-level.js';
import type { TableNames } from './table-names.js';

/** How the service was told to run. Read once at start; injected everywhere else. */
export class AppConfig {
  readonly nodeEnv: 'production' | 'development' | 'test';
  readonly logLevel: LogLevel;
  readonly host: string;
  readonly port: number;
  /** Origins that a browser may call from; empty for none. */
  readonly corsOrigins: readonly string[];
  readonly secretKey: string;
  /** Keys that verify tokens and sign none, newest first. */
  readonly previousSecretKeys: readonly string[];
  readonly sessions: SessionConfig;
  readonly limits: LimitConfig;
  /** What instances share besides the database; absent: each counts its limits for itself. */
  readonly redisUrl?: string;
  /** Proxies whose word on the client's address counts: a number of hops, or networks; none where absent. */
  readonly trustProxy?: number | readonly string[];
  readonly aws: AwsConfig;
  readonly tables: TableNames;
  readonly database: DatabaseConfig;
  readonly storage: StorageConfig;
  readonly quota: QuotaConfig;
  readonly passwords: PasswordConfig;
  readonly overload: OverloadConfig;
  /** Where metrics for Prometheus are served; nowhere where absent. */
  readonly metricsPort?: number;
  /** Address that they are served on. */
  readonly metricsHost: string;
  /** Whether single records are kept in Redis for a while. */
  readonly cache: { readonly enabled: boolean };
  /** Processes that serve together. */
  readonly workers: number;
  /** How long a connection without a request stays open: longer than a load balancer keeps its own; milliseconds. */
  readonly keepAliveMs: number;
  /** How long a stopping instance goes on serving, so that load balancers notice first; milliseconds. */
  readonly shutdownGraceMs: number;
  /** After that, how long what is under way may take; milliseconds. */
  readonly shutdownDrainMs: number;
  /** What was asked for and is done otherwise, for the log; one line each. */
  readonly warnings: readonly string[];
}

export interface AwsConfig {
  readonly region: string;
  /** Absent: the SDK's default credential chain applies, which is what roles need. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export interface DatabaseConfig {
  /** Absent: DynamoDB on AWS. */
  readonly endpoint?: string;
  /** What one HTTP request may spend waiting for the database, all its calls together; milliseconds. */
  readonly budgetMs: number;
  /** After calls without an answer, how long to pause before the next one; 0 for not at all. Milliseconds. */
  readonly pauseMs: number;
  /** How the service sends its calls: `direct`, or through all of the SDK. */
  readonly transport: 'direct' | 'sdk';
}

/** From when on requests are turned away; 0 for never. */
export interface OverloadConfig {
  /** Mean delay of the event loop; milliseconds. */
  readonly maxLagMs: number;
  /** Requests at the same time, in one process. */
  readonly maxInFlight: number;
  /** Requests whose body is still coming, in one process; one client address has an eighth of them. */
  readonly maxArriving: number;
  /** What answers that clients have not taken may occupy, in one process; MiB. */
  readonly maxUnsentMib: number;
  /** Costly reads at the same time, in one process. */
  readonly maxCostlyReads: number;
  /** The same, of one user. */
  readonly maxCostlyReadsOfUser: number;
}

export interface StorageConfig {
  /** Absent: nothing can be uploaded or downloaded. */
  readonly bucket?: string;
  /** Absent: S3 on AWS. */
  readonly endpoint?: string;
  /** Where clients reach it, for the addresses they are given; absent: as the service does. */
  readonly publicEndpoint?: string;
  /** Whether the store takes `If-None-Match: *` with a PUT, so that an upload cannot replace what is there. */
  readonly conditionalWrites: boolean;
  /** First segment of the keys of uploads, below which each user has a folder of their own. */
  readonly audioFolder: string;
  /** Folders that new keys went to before, whose objects are still the users' own. */
  readonly earlierAudioFolders: readonly string[];
  /** What one call may wait for S3; milliseconds. */
  readonly budgetMs: number;
  /** As for the database. */
  readonly pauseMs: number;
}

/** What one user may keep; without limit where absent. */
export interface QuotaConfig {
  readonly maxFiles?: number;
  /** Bytes. */
  readonly maxBytes?: number;
}

export interface PasswordConfig {
  /** Argon2id parameters of new hashes. */
  readonly memoryKib: number;
  readonly timeCost: number;
  readonly parallelism: number;
  /** Of the costliest hash that the tables are expected to have; memory in KiB × passes. */
  readonly largestWork: number;
  /** Threads of libuv, on which hashes are computed. */
  readonly poolThreads: number;
  /** Hashes computed at once. */
  readonly concurrency: number;
  /** The longest that a request waits for its turn; milliseconds. */
  readonly maxWaitMs: number;
  /** Whether the most common passwords are refused. */
  readonly blockCommon: boolean;
}

export interface SessionConfig {
  /** For how long an answer about a session may be reused; 0 asks every time. */
  readonly cacheSeconds: number;
}

/** So many requests in a window. */
export interface Limit {
  readonly points: number;
  readonly seconds: number;
}

export interface LimitConfig {
  readonly enabled: boolean;
  /** By client address. */
  readonly register: Limit;
  /** By client address. */
  readonly login: Limit;
  /** By user. */
  readonly create: Limit;
  /** By user: requests of many records at once. */
  readonly batch: Limit;
  /** By user. */
  readonly usage: Limit;
  /** By user: requests whose answers cost much, but for those that have a limit of their own. */
  readonly costlyRead: Limit;
  /** Failed logins of one account from one address before the first delay. */
  readonly loginFailuresByAddress: Limit;
  /** Failed logins of one account from all addresses that never succeeded, before the first delay. */
  readonly loginFailures: Limit;
}
