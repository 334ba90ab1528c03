import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { convertToAttr, convertToNative } from '@aws-sdk/util-dynamodb';

/** The options of this service's document client, and the defaults of `@aws-sdk/lib-dynamodb`. */
const MARSHALL = { removeUndefinedValues: true, convertTopLevelContainer: true } as const;
const UNMARSHALL = { convertWithoutMapWrapper: true } as const;

type Attributes = Record<string, AttributeValue>;
type Values = Record<string, unknown>;

/** A row, a key or the values of an expression as attribute values. */
export function marshallAll(values: Values): Attributes {
  const attributes: Attributes = {};
  for (const name of Object.keys(values)) {
    const value: unknown = values[name];
    if (value === undefined || typeof value === 'function') continue;
    attributes[name] = encodeBinary(convertToAttr(value, MARSHALL));
  }
  return attributes;
}

/** The opposite of {@link marshallAll}. */
export function unmarshallAll(attributes: Attributes): Values {
  const values: Values = {};
  for (const name of Object.keys(attributes)) {
    values[name] = convertToNative(attributes[name] as AttributeValue, UNMARSHALL) as unknown;
  }
  return values;
}

/** Whether an answer may contain binary values, which are base64 in JSON. Decided by its text. */
export function hasBinary(text: string): boolean {
  return text.includes('"B":') || text.includes('"BS":');
}

/** Encodes bytes as base64, in place. */
function encodeBinary(value: AttributeValue): AttributeValue {
  const any = value as { B?: unknown; BS?: unknown; M?: Attributes; L?: AttributeValue[] };
  if (any.B !== undefined) any.B = toBase64(any.B as Uint8Array);
  else if (any.BS !== undefined) any.BS = (any.BS as Uint8Array[]).map(toBase64);
  else if (any.M !== undefined)
    for (const name of Object.keys(any.M)) encodeBinary(any.M[name] as AttributeValue);
  else if (any.L !== undefined) for (const item of any.L) encodeBinary(item);
  return value;
}

/** Decodes base64 to bytes, in place, in all attribute values of an answer. */
export function decodeBinary(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) decodeBinary(item);
    return;
  }
  const any = value as Record<string, unknown>;
  const names = Object.keys(any);
  const [only] = names;
  // An attribute value has one member. A row may have an attribute named B, whose value is an object.
  if (names.length === 1 && only === 'B' && typeof any['B'] === 'string') any['B'] = toBytes(any['B']);
  else if (names.length === 1 && only === 'BS' && Array.isArray(any['BS']))
    any['BS'] = any['BS'].map(toBytes);
  else for (const name of names) decodeBinary(any[name]);
}

function toBase64(bytes: ArrayBuffer | ArrayBufferView): string {
  return ArrayBuffer.isView(bytes)
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
    : Buffer.from(bytes).toString('base64');
}

function toBytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}
