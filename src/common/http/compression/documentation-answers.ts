import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { NextFunction, Request, Response } from 'express';
import { codingFor, type ContentCoding } from './content-coding.js';

/** One week. The files change only with a release of the UI library, and their names contain no version. */
const ASSET_CACHE = 'public, max-age=604800';

/** Assets of the page. Source maps are not compressed: only developers of the UI library request them. */
const ASSET = /\.(?:css|js|map|png)$/;
const TEXT = /\.(?:css|js)$/;

/** The OpenAPI documents. The library serializes them for each request, which takes a tenth of a second for YAML. */
const DOCUMENTS: ReadonlySet<string> = new Set(['openapi.json', 'openapi.yaml', 'swagger-ui-init.js']);

/** A higher quality than for dynamic responses: each response is compressed once. */
const QUALITY = 6;

const encode = {
  br: async (body: Buffer) =>
    promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: QUALITY } }),
  gzip: async (body: Buffer) => promisify(gzip)(body),
} as const;

/** A response before compression. */
interface Plain {
  readonly type: string;
  readonly body: Buffer;
}

/** A response in one coding. */
interface Encoded {
  readonly body: Buffer;
  readonly etag: string;
}

/**
 * Caches and compresses the documentation, which is the same for everybody. The document is built once, and each
 * response is compressed once for each coding, so that repeated requests cost almost nothing. Browsers may cache the
 * assets, but not the page and the document, which change with the service.
 */
export class DocumentationAnswers {
  private readonly assets: ReadonlySet<string>;
  /** By coding, and by name of the asset or digest of the response: a path can be written in many ways. */
  private readonly encoded = new Map<string, Promise<Encoded>>();
  private readonly documents = new Map<string, Plain>();

  /** @param folder of the assets */
  constructor(private readonly folder: string) {
    this.assets = new Set(readdirSync(folder).filter((name) => ASSET.test(name)));
  }

  /** Express middleware at the path of the documentation, before the handler that serves it. */
  readonly middleware = async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      next();
      return;
    }
    const name = request.path.slice(1);
    const isAsset = this.assets.has(name);
    if (isAsset) response.setHeader('Cache-Control', ASSET_CACHE);
    if (isAsset && !TEXT.test(name)) {
      next();
      return;
    }
    response.vary('Accept-Encoding');
    const document = documentOf(request.path);
    if (document !== undefined) {
      await this.sendDocument(document, request, response, next);
      return;
    }
    const coding = codingFor(request);
    // Ranges refer to the uncompressed file.
    if (coding === undefined || request.headers.range !== undefined) next();
    else if (isAsset) await this.sendAsset(name, coding, response);
    else {
      this.encodeAnswer(coding, response, next);
      next();
    }
  };

  private async sendAsset(name: string, coding: ContentCoding, response: Response): Promise<void> {
    const { body, etag } = await this.once(name, coding, async () => readFile(join(this.folder, name)));
    response.type(extname(name)).set({ 'Content-Encoding': coding, ETag: etag }).send(body);
  }

  private async sendDocument(
    name: string,
    request: Request,
    response: Response,
    next: NextFunction,
  ): Promise<void> {
    const document = this.documents.get(name);
    if (!document) {
      this.keepAnswer(name, request, response, next);
      next();
      return;
    }
    const coding = codingFor(request);
    response.set('Content-Type', document.type);
    if (coding === undefined) {
      response.send(document.body);
      return;
    }
    const { body } = await this.once(name, coding, async () => Promise.resolve(document.body));
    response.set('Content-Encoding', coding).send(body);
  }

  /** Caches the response, if it is not an error, and serves it from the cache. */
  private keepAnswer(name: string, request: Request, response: Response, next: NextFunction): void {
    const send = response.send.bind(response);
    response.send = (body?: unknown) => {
      response.send = send;
      if (typeof body !== 'string' || response.statusCode !== 200) return send(body);
      const type = response.get('Content-Type') ?? 'text/html; charset=utf-8';
      this.documents.set(name, { type, body: Buffer.from(body) });
      this.sendDocument(name, request, response, next).catch(next);
      return response;
    };
  }

  /** Compresses the response, if it is not an error. */
  private encodeAnswer(coding: ContentCoding, response: Response, next: NextFunction): void {
    const send = response.send.bind(response);
    response.send = (body?: unknown) => {
      response.send = send;
      if (typeof body !== 'string' || response.statusCode !== 200) return send(body);
      const plain = Buffer.from(body);
      this.once(digestOf(plain), coding, async () => Promise.resolve(plain))
        .then((encoded) => send.call(response.set('Content-Encoding', coding), encoded.body))
        .catch(next);
      return response;
    };
  }

  private async once(name: string, coding: ContentCoding, read: () => Promise<Buffer>): Promise<Encoded> {
    const key = `${coding} ${name}`;
    let encoded = this.encoded.get(key);
    if (!encoded) {
      encoded = this.encode(coding, read);
      this.encoded.set(key, encoded);
      encoded.catch(() => this.encoded.delete(key));
    }
    return encoded;
  }

  private async encode(coding: ContentCoding, read: () => Promise<Buffer>): Promise<Encoded> {
    const body = await encode[coding](await read());
    return { body, etag: `"${digestOf(body)}"` };
  }
}

/** The document that a path requests, as Express matches it: case-insensitive, with or without a trailing slash. */
function documentOf(path: string): string | undefined {
  const name = path.slice(1).toLowerCase().replace(/\/$/, '');
  return DOCUMENTS.has(name) ? name : undefined;
}

function digestOf(body: Buffer): string {
  return createHash('sha256').update(body).digest('base64url');
}
