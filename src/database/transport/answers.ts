import { crc32 } from 'node:zlib';
import * as dynamoDb from '@aws-sdk/client-dynamodb';
import { decodeBinary, hasBinary } from './attribute-values.js';
import type { HttpAnswer } from './http.js';

type Members = Record<string, unknown>;

/** Metadata that the SDK returns with an output. */
export interface Metadata {
  readonly httpStatusCode: number;
  readonly requestId: string | undefined;
  attempts: number;
  totalRetryDelay: number;
}

/** The checksum of an answer does not match its body. */
export class CorruptAnswerError extends Error {
  readonly code = 'ECORRUPT';

  constructor() {
    super('The checksum of an answer does not fit it');
    this.name = 'CorruptAnswerError';
  }
}

type ServiceError = dynamoDb.DynamoDBServiceException;
type ErrorClass = new (options: Members) => ServiceError;

const ERRORS: ReadonlyMap<string, ErrorClass> = new Map(
  Object.entries(dynamoDb as Record<string, unknown>).filter(
    (entry): entry is [string, ErrorClass] =>
      typeof entry[1] === 'function' && entry[1].prototype instanceof dynamoDb.DynamoDBServiceException,
  ),
);

export function metadataOf({ status, headers }: HttpAnswer): Metadata {
  const id = headers['x-amzn-requestid'] ?? headers['x-amz-request-id'];
  return { httpStatusCode: status, requestId: first(id), attempts: 1, totalRetryDelay: 0 };
}

/**
 * Parses an answer.
 *
 * @returns its members; binary values are decoded
 * @throws DynamoDBServiceException, as the SDK's class for it, if DynamoDB refused the call
 * @throws CorruptAnswerError if the checksum does not match
 * @throws SyntaxError if the answer is not JSON and so not from DynamoDB
 */
export function readAnswer(answer: HttpAnswer, $metadata: Metadata): Members {
  const { status, headers, body } = answer;
  const checksum = first(headers['x-amz-crc32']);
  if (checksum !== undefined && crc32(body) !== Number(checksum)) throw new CorruptAnswerError();
  const members = parse(body, $metadata);
  if (status < 300) return members;
  throw errorOf(members, headers, $metadata);
}

/** An empty answer has no members, as in the SDK. The caller finds that it has no request id. */
function parse(body: Buffer, $metadata: Metadata): Members {
  if (body.length === 0) return {};
  const text = body.toString();
  try {
    const members: unknown = JSON.parse(text);
    if (typeof members !== 'object' || members === null) throw new SyntaxError('JSON, and no object');
    if (hasBinary(text)) decodeBinary(members);
    return members as Members;
  } catch (error) {
    throw Object.assign(error as SyntaxError, { $metadata });
  }
}

function errorOf(members: Members, headers: HttpAnswer['headers'], $metadata: Metadata): ServiceError {
  const type = first(headers['x-amzn-errortype']) ?? members['__type'] ?? members['code'];
  const name = typeof type === 'string' ? nameOf(type) : 'Unknown';
  const text = members['message'] ?? members['Message'];
  const message = typeof text === 'string' ? text : name;
  const Known = ERRORS.get(name);
  if (Known) return new Known({ ...members, message, $metadata });
  const $fault = $metadata.httpStatusCode >= 500 ? 'server' : 'client';
  return new dynamoDb.DynamoDBServiceException({
    ...{ name, message, $fault },
    $metadata: $metadata as ServiceError['$metadata'],
  });
}

/** Without the namespace before the name, and without the text that AWS proxies append. */
function nameOf(type: string): string {
  return (type.split(/[:,]/, 1)[0] ?? '').replace(/^.*#/, '');
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
