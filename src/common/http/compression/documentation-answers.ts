import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { NextFunction, Request, Response } from 'express';
import { codingFor, type ContentCoding } from './content-coding.js';

/** A week: the files change with a release of the page's library alone, and have no version in their names. */
const ASSET_CACHE = 'public, max-age=604800';

/** What is an asset of the page, and what of it is compressed: maps are for who looks into the page's library. */
const ASSET = /\.(?:css|js|map|png)$/;
const TEXT = /\.(?:css|js)$/;

/** The document, which is written anew for each request by what serves it: in YAML that takes a tenth of a second. */
const DOCUMENTS: ReadonlySet<string> = new Set(['openapi.json', 'openapi.yaml', 'swagger-ui-init.js']);

/** Better than for what changes: each answer is compressed once. */
const QUALITY = 6;

const encode = {
  br: async (body: Buffer) =>
    promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: QUALITY } }),
  gzip: async (body: Buffer) => promisify(gzip)(body),
} as const;

/** An answer as it was made. */
interface Plain {
  readonly type: string;
  readonly body: Buffer;
}

/** An answer in one coding. */
interface Encoded {
  readonly body: Buffer;
  readonly etag: string;
}

/**
 * Keeps and compresses the documentation, which is the same for everybody: the document is made once, and each answer is
 * compressed once for each coding, so that whoever asks again and again costs next to nothing. Its assets may be kept by browsers; the page and the document, which change with the service, may not.
 */
export class DocumentationAnswers {
  private readonly assets: ReadonlySet<string>;
  /** By coding, and by name of the asset or digest of the answer: a path can be spelled in many ways. */
  private readonly encoded = new Map<string, Promise<Encoded>>();
  private readonly documents = new Map<string, Plain>();

  /** @param folder of the assets */
  constructor(private readonly folder: string) {
    this.assets = new Set(readdirSync(folder).filter((name) => ASSET.test(name)));
  }

  /** For Express, at the path of the documentation and in front of what serves it. */
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
    // Ranges are those of the file.
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

  /** Keeps what is sent in the end, if it is no error, and sends it from there. */
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

  /** Has what is sent in the end compressed, if it is no error. */
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

/** What a path below that of the documentation asks for, as Express matches it: in capitals or not, with a slash or not. */
function documentOf(path: string): string | undefined {
  const name = path.slice(1).toLowerCase().replace(/\/$/, '');
  return DOCUMENTS.has(name) ? name : undefined;
}

function digestOf(body: Buffer): string {
  return createHash('sha256').update(body).digest('base64url');
}
