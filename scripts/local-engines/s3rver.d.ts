/** The part of s3rver that is used. It has no types. */
declare module 's3rver' {
  interface S3rverOptions {
    address: string;
    port: number;
    silent: boolean;
    directory: string;
    configureBuckets: { name: string; configs: string[] }[];
  }

  export interface NewObject {
    readonly bucket: string;
    readonly key: string;
    readonly content: unknown;
    readonly metadata: object;
  }

  export interface ListOptions {
    readonly delimiter?: string;
    readonly startAfter?: string;
    readonly prefix?: string;
    readonly maxKeys?: number;
  }

  export interface Listed {
    readonly objects: unknown[];
    readonly commonPrefixes: string[];
    readonly isTruncated: boolean;
  }

  export interface FilesystemStore {
    readonly rootDirectory: string;
    getResourcePath(bucket: string, key: string | undefined, resource: string): string;
    getMetadata(bucket: string, key: string): Promise<object>;
    listObjects(bucket: string, options: ListOptions): Promise<Listed>;
    putMetadata(bucket: string, key: string, metadata: object, md5: string): Promise<void>;
    existsObject(bucket: string, key: string): Promise<boolean>;
    putObject(object: NewObject): Promise<{ size: number; md5: string }>;
    copyObject(
      sourceBucket: string,
      sourceKey: string,
      bucket: string,
      key: string,
      metadata?: object,
    ): Promise<object>;
    deleteObject(bucket: string, key: string): Promise<void>;
  }

  export default class S3rver {
    constructor(options: S3rverOptions);
    readonly store: FilesystemStore;
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

declare module 's3rver/lib/models/error.js' {
  export default class S3Error extends Error {
    constructor(code: string, message: string, detail?: Record<string, string>);
  }
}

declare module 's3rver/lib/models/object.js' {
  export default class S3Object {
    static readonly ALLOWED_METADATA: string[];
    constructor(bucket: string, key: string, content: unknown, metadata: object);
  }
}

declare module 's3rver/lib/controllers/object.js' {
  export interface DeletionContext {
    readonly req: import('node:http').IncomingMessage;
    readonly params: { readonly bucket: string };
    readonly store: import('s3rver').FilesystemStore;
    body: unknown;
  }
  const objects: { deleteMultipleObjects: (context: DeletionContext) => Promise<void> };
  export default objects;
}
