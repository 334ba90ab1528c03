/** What is used of s3rver, which has no types. */
declare module 's3rver' {
  interface S3rverOptions {
    address: string;
    port: number;
    silent: boolean;
    directory: string;
    configureBuckets: { name: string; configs: string[] }[];
  }

  export default class S3rver {
    constructor(options: S3rverOptions);
    readonly middleware: ((
      context: import('./presigned.js').Exchange,
      next: () => Promise<void>,
    ) => Promise<void>)[];
    run(): Promise<unknown>;
  }
}

declare module 's3rver/lib/models/account.js' {
  const account: { DUMMY_ACCOUNT: { createKeyPair(accessKeyId: string, secretAccessKey: string): void } };
  export default account;
}
