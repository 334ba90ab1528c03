import { text } from 'node:stream/consumers';
import objects, { type DeletionContext } from 's3rver/lib/controllers/object.js';
import S3Error from 's3rver/lib/models/error.js';
import type { Exchange } from './presigned.js';

/** Characters that an XML 1.0 document cannot contain (https://www.w3.org/TR/xml/#charsets). */
const NOT_XML =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|&#(?:x0*[0-8bcef]|x0*1[0-9a-f]|xfff[ef]|0*(?:[0-8]|1[124-9]|2\d|3[01]|6553[45]));/iu;

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** A listing, before s3rver converts it to XML. */
interface Listing {
  ListBucketResult: Record<string, unknown> & { Contents: { Key: string }[] };
}

/** Encodes the keys of a listing like S3 with `encoding-type=url`. */
export async function encodeListing(context: Exchange, next: () => Promise<void>): Promise<void> {
  await next();
  const { searchParams } = new URL(context.req.url ?? '', 'http://localhost');
  if (searchParams.get('encoding-type') !== 'url' || !isListing(context.body)) return;
  const { ListBucketResult: list } = context.body;
  for (const name of ['Prefix', 'StartAfter', 'Delimiter']) {
    if (typeof list[name] === 'string') list[name] = encoded(list[name]);
  }
  for (const object of list.Contents) object.Key = encoded(object.Key);
  list['EncodingType'] = 'url';
}

/**
 * Makes batch deletion behave like S3: a request with invalid XML deletes nothing. As in some stores, spaces around a
 * key are lost.
 */
export function mendDeletion(): void {
  objects.deleteMultipleObjects = async (context: DeletionContext) => {
    const body = await text(context.req);
    const keys = [...body.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) => decoded(key).trim());
    if (NOT_XML.test(body) || keys.length === 0) {
      throw new S3Error('MalformedXML', 'The XML you provided was not well-formed');
    }
    const { bucket } = context.params;
    for (const key of keys) {
      if (await context.store.existsObject(bucket, key)) await context.store.deleteObject(bucket, key);
    }
    context.body = { DeleteResult: { Deleted: keys.map((Key) => ({ Key })) } };
  };
}

/** Like S3, with `+` for a space. */
function encoded(key: string): string {
  return encodeURIComponent(key).replace(/%2F/g, '/').replace(/%20/g, '+');
}

function decoded(key: string): string {
  return key.replace(
    /&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi,
    (whole, hex?: string, digits?: string, name?: string) => {
      if (name !== undefined) return ENTITIES[name] ?? whole;
      return String.fromCodePoint(hex === undefined ? Number(digits) : parseInt(hex, 16));
    },
  );
}

function isListing(body: unknown): body is Listing {
  return typeof body === 'object' && body !== null && 'ListBucketResult' in body;
}
