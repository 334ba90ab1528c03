import type { LogLevel } from '../common/logging/log-level.js';
import type { TableNames } from './table-names.js';

/** The configuration of the service. Read once at start and injected everywhere else. */
export class AppConfig {
  readonly nodeEnv: 'production' | 'development' | 'test';
  readonly logLevel: LogLevel;
  readonly host: string;
  readonly port: number;
  /** Origins that browsers may call from; empty for none. */
  readonly corsOrigins: readonly string[];
  readonly secretKey: string;
  /** Keys that verify tokens but do not sign any, newest first. */
  readonly previousSecretKeys: readonly string[];
  readonly sessions: SessionConfig;
  readonly limits: LimitConfig;
  /** What instances share besides the database. */
  readonly redisUrl?: string;
  /** Trusted proxies for the client's address: a number of hops, or networks. None if absent. */
  readonly trustProxy?: number | readonly string[];
  readonly aws: AwsConfig;
  readonly tables: TableNames;
  readonly database: DatabaseConfig;
  readonly storage: StorageConfig;
  readonly quota: QuotaConfig;
  readonly passwords: PasswordConfig;
  readonly overload: OverloadConfig;
  /** Writes metrics to standard output for CloudWatch, under this name of the service. Not written if absent. */
  readonly emf?: { readonly service: string };
  /** Port of the Prometheus metrics. Not served if absent. */
  readonly metricsPort?: number;
  /** Address that the metrics server listens on. */
  readonly metricsHost: string;
  /** Whether single records are cached in Redis. */
  readonly cache: { readonly enabled: boolean };
  /** Number of worker processes. */
  readonly workers: number;
  /** How long a connection without a request stays open: longer than a load balancer keeps it open; milliseconds. */
  readonly keepAliveMs: number;
  /** How long a stopping instance continues to serve, so that load balancers notice first; milliseconds. */
  readonly shutdownGraceMs: number;
  /** After that, how long open requests may take; milliseconds. */
  readonly shutdownDrainMs: number;
  /** Whether the process is frozen between requests and serves one at a time, as on AWS Lambda. */
  readonly serverless: boolean;
  /** What was asked for and is done otherwise, for the log; one line each. */
  readonly warnings: readonly string[];
}

export interface AwsConfig {
  readonly region: string;
  /** If absent, the SDK's default credential chain applies, as roles require. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export interface DatabaseConfig {
  /** If absent: DynamoDB on AWS. */
  readonly endpoint?: string;
  /** How long one HTTP request may wait for the database, all its calls together; milliseconds. */
  readonly budgetMs: number;
  /** How long the circuit stays open after calls without an answer; 0 if it never opens. Milliseconds. */
  readonly pauseMs: number;
  /** How the service sends its calls: `lean`, without the middleware of the SDK, or `sdk`, with it. */
  readonly transport: 'lean' | 'sdk';
}

/** Limits above which requests are refused; 0 for no limit. */
export interface OverloadConfig {
  /** Mean event loop delay; milliseconds. */
  readonly maxLagMs: number;
  /** Concurrent requests in one process. */
  readonly maxInFlight: number;
  /** Requests whose body is still arriving, in one process. One client address may have an eighth of them. */
  readonly maxArriving: number;
  /** Memory for responses that clients have not read, in one process; MiB. */
  readonly maxUnsentMib: number;
  /** Concurrent costly reads in one process. */
  readonly maxCostlyReads: number;
  /** Concurrent costly reads of one user in one process. */
  readonly maxCostlyReadsOfUser: number;
}

export interface StorageConfig {
  /** If absent, nothing can be uploaded or downloaded. */
  readonly bucket?: string;
  /** If absent: S3 on AWS. */
  readonly endpoint?: string;
  /** Endpoint for clients, used in presigned URLs. If absent, the same as for the service. */
  readonly publicEndpoint?: string;
  /** Whether the store supports `If-None-Match: *` with PUT, so that an upload cannot replace an object. */
  readonly conditionalWrites: boolean;
  /** First segment of upload keys. Each user has a folder below it. */
  readonly audioFolder: string;
  /** Earlier folders of uploads, whose objects still belong to the users. */
  readonly earlierAudioFolders: readonly string[];
  /** Limit for one call to S3; milliseconds. */
  readonly budgetMs: number;
  /** As for the database. */
  readonly pauseMs: number;
}

/** The quota of one user. No limit if absent. */
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
  /** Work of the most expensive hash that the tables may contain; memory in KiB × passes. */
  readonly largestWork: number;
  /** Threads of libuv's pool, which computes hashes. */
  readonly poolThreads: number;
  /** Concurrent hashes. */
  readonly concurrency: number;
  /** Maximum waiting time of a request in the hash queue; milliseconds. */
  readonly maxWaitMs: number;
  /** Whether the most common passwords are refused. */
  readonly blockCommon: boolean;
}

export interface SessionConfig {
  /** Lifetime of cached sessions; 0 for no cache. */
  readonly cacheSeconds: number;
}

/** A number of requests in a window. */
export interface Limit {
  readonly points: number;
  readonly seconds: number;
}

/** Where requests are counted: by each process for itself, or by all instances together. */
export type LimitStore = 'memory' | 'redis' | 'dynamodb';

export interface LimitConfig {
  readonly enabled: boolean;
  readonly store: LimitStore;
  /** By client address. */
  readonly register: Limit;
  /** By client address. */
  readonly login: Limit;
  /** By user. */
  readonly create: Limit;
  /** By user, for batch requests. */
  readonly batch: Limit;
  /** By user. */
  readonly usage: Limit;
  /** By user, for requests whose responses cost much, except those with a limit of their own. */
  readonly costlyRead: Limit;
  /** Failed logins to one account from one address before the first delay. */
  readonly loginFailuresByAddress: Limit;
  /** Failed logins to one account from all addresses without a successful login, before the first delay. */
  readonly loginFailures: Limit;
}
