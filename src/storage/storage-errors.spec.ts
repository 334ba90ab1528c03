import { NoSuchBucket, NotFound, S3ServiceException } from '@aws-sdk/client-s3';
import { describe, expect, it } from '@jest/globals';
import { CircuitOpenError } from '../common/circuit-breaker.js';
import { DeadlineError } from '../common/deadline.js';
import { ConflictError, DeploymentError, UnavailableError } from '../common/errors/domain-errors.js';
import { KeptObjectsError, translateStorageError } from './storage-errors.js';

function answered(name: string, httpStatusCode: number): Error {
  const message = `${name} of bucket secret`;
  return new S3ServiceException({ name, message, $fault: 'client', $metadata: { httpStatusCode } });
}

describe('translateStorageError', () => {
  it.each<[string, Error]>([
    ['a refusal', answered('AccessDenied', 403)],
    ['an unknown access key', answered('InvalidAccessKeyId', 403)],
    ['a wrong signature', answered('SignatureDoesNotMatch', 403)],
    ['an expired token', answered('ExpiredToken', 400)],
    ['clocks that are apart', answered('RequestTimeTooSkewed', 403)],
    ['another region', answered('PermanentRedirect', 301)],
    ['throttling', answered('SlowDown', 503)],
    ['a defect of S3', answered('InternalError', 500)],
    [
      'a bucket that is not there',
      new NoSuchBucket({ message: 'secret', $metadata: { httpStatusCode: 404 } }),
    ],
    [
      'a head of a bucket that is not there',
      new NotFound({ message: '', $metadata: { httpStatusCode: 404 } }),
    ],
    ['an answer that is none', Object.assign(new SyntaxError('<'), { $metadata: { httpStatusCode: 200 } })],
    ['no credentials', Object.assign(new Error('none'), { name: 'CredentialsProviderError' })],
    ['a deadline', new DeadlineError('the object store', 300)],
    ['a call that was not made', new CircuitOpenError('the object store')],
    ['a call that was given up', Object.assign(new Error('aborted'), { name: 'AbortError' })],
    ['a time-out', Object.assign(new Error('late'), { name: 'TimeoutError' })],
    ['a refused connection', Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })],
    ['a lost connection', Object.assign(new Error('reset'), { code: 'ECONNRESET' })],
    ['an unknown host', Object.assign(new Error('unknown'), { code: 'ENOTFOUND' })],
    ['headers that do not come', Object.assign(new Error('late'), { code: 'UND_ERR_HEADERS_TIMEOUT' })],
  ])('makes an unavailable service of %s', (_what, cause) => {
    const translated = translateStorageError(cause);
    expect(translated).toBeInstanceOf(UnavailableError);
    expect(translated).toMatchObject({
      message: 'The service is temporarily unavailable',
      retryAfterSeconds: 2,
      cause,
    });
  });

  it.each<[string, Error, RegExp]>([
    ['a refusal', answered('AccessDenied', 403), /ServicePolicy/],
    ['a refusal without a body', answered('UnknownError', 403), /ServicePolicy.*or the access key is wrong/],
    ['an unknown access key', answered('InvalidAccessKeyId', 403), /does not know the access key/],
    ['a wrong signature', answered('SignatureDoesNotMatch', 403), /its signature wrong/],
    ['clocks that are apart', answered('RequestTimeTooSkewed', 403), /the clock/],
    ['another region', answered('PermanentRedirect', 301), /in another region: correct REGION_NAME/],
    ['another region without a body', answered('UnknownError', 301), /in another region/],
    ['a region that the signature names', answered('AuthorizationHeaderMalformed', 400), /in another region/],
    ['a missing bucket', answered('NoSuchBucket', 404), /^the bucket is missing: correct AWS_S3_BUCKET_NAME/],
  ])('says what to do about %s', (_what, cause, remedy) => {
    const translated = translateStorageError(cause);
    expect(translated).toBeInstanceOf(DeploymentError);
    expect(translated).toMatchObject({ remedy: expect.stringMatching(remedy) });
  });

  it.each<[string, Error]>([
    ['throttling', answered('SlowDown', 503)],
    ['an expired token', answered('ExpiredToken', 400)],
    ['objects that were kept', new KeptObjectsError(2, new Set(['AccessDenied']))],
    ['a refused connection', Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })],
  ])('takes %s for something that passes', (_what, cause) => {
    const translated = translateStorageError(cause);
    expect(translated).toBeInstanceOf(UnavailableError);
    expect(translated).not.toBeInstanceOf(DeploymentError);
  });

  it.each<[string, unknown]>([
    ['a defect of ours', new TypeError('x is undefined')],
    ['a wrong argument', Object.assign(new TypeError('wrong'), { code: 'ERR_INVALID_ARG_TYPE' })],
    ['text that is no JSON', new SyntaxError('Unexpected token')],
    ['an error of the domain', new ConflictError('The audio has not been uploaded yet')],
    ['one that is translated already', new UnavailableError('The service is temporarily unavailable', 7)],
    ['what is no error', 'ECONNREFUSED'],
    ['nothing', undefined],
  ])('leaves %s as it is', (_what, error) => {
    expect(translateStorageError(error)).toBe(error);
  });
});
