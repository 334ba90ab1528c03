import { describe, expect, it } from '@jest/globals';
import { DeploymentError, UnavailableError } from '../common/errors/domain-errors.js';
import { DeadlineError } from '../common/deadline.js';
import { cancellationCodes, NoAnswerError, translateDatabaseError } from './database-errors.js';

function named(name: string, more: object = {}): Error {
  return Object.assign(new Error(`${name} of table secret`), { name, ...more });
}

function cancelled(...codes: (string | undefined)[]): Error {
  const CancellationReasons = codes.map((Code) => (Code === undefined ? {} : { Code }));
  return named('TransactionCanceledException', { CancellationReasons, $metadata: { httpStatusCode: 400 } });
}

describe('translateDatabaseError', () => {
  it.each([
    ['ThrottlingException'],
    ['ProvisionedThroughputExceededException'],
    ['RequestLimitExceeded'],
    ['TransactionConflictException'],
    ['TransactionInProgressException'],
    ['InternalServerError'],
    ['ServiceUnavailable'],
  ])('makes an unavailable service of %s', (name) => {
    const cause = named(name);
    const translated = translateDatabaseError(cause);
    expect(translated).toBeInstanceOf(UnavailableError);
    expect(translated).toMatchObject({
      message: 'The service is temporarily unavailable',
      retryAfterSeconds: 1,
      cause,
    });
  });

  it.each([
    ['what fails on the way', named('Error', { code: 'ECONNRESET' })],
    ['the deadline', new DeadlineError('the database', 300)],
    ['what did not come from DynamoDB', new NoAnswerError()],
    ['a transaction that met another', cancelled('TransactionConflict', undefined)],
    ['a transaction that was throttled', cancelled('None', 'ThrottlingError')],
    ['a transaction over its capacity', cancelled('ProvisionedThroughputExceeded', 'None')],
  ])('makes an unavailable service of %s', (_case, error) => {
    expect(translateDatabaseError(error)).toBeInstanceOf(UnavailableError);
  });

  it.each<[string, RegExp]>([
    ['ResourceNotFoundException', /^a table is missing: run npm run tables/],
    ['AccessDeniedException', /refuses the service access: .* ServicePolicy/],
    ['UnrecognizedClientException', /does not know the access key/],
    ['InvalidSignatureException', /its signature wrong/],
    ['MissingAuthenticationTokenException', /does not know the access key/],
  ])('makes a fault of the deployment of %s, and says what to do', (name, remedy) => {
    const cause = named(name, { $metadata: { httpStatusCode: 400 } });
    const translated = translateDatabaseError(cause);
    expect(translated).toBeInstanceOf(DeploymentError);
    expect(translated).toMatchObject({
      message: 'The service is temporarily unavailable',
      retryAfterSeconds: 1,
      cause,
      remedy: expect.stringMatching(remedy),
    });
  });

  it.each([
    'The table does not have the specified index: email-index',
    'The provided key element does not match the schema',
  ])('makes a fault of the deployment of a table that differs: %s', (message) => {
    const remedy = 'a table is not as the service needs it: npm run tables tells what differs';
    const error = Object.assign(new Error(message), { name: 'ValidationException' });
    expect(translateDatabaseError(error)).toMatchObject({ remedy });
  });

  it('makes a fault of the deployment of a transaction with a table that is missing', () => {
    expect(translateDatabaseError(cancelled('None', 'ResourceNotFound'))).toBeInstanceOf(DeploymentError);
  });

  it.each([
    ['a failed condition', named('ConditionalCheckFailedException', { $metadata: { httpStatusCode: 400 } })],
    ['a malformed request', named('ValidationException', { $metadata: { httpStatusCode: 400 } })],
    ['a transaction with a failed condition', cancelled('ConditionalCheckFailed', 'None')],
    [
      'a transaction with a failed condition and a conflict',
      cancelled('TransactionConflict', 'ConditionalCheckFailed'),
    ],
    ['a transaction with a malformed part', cancelled('ValidationError', 'None')],
    ['a defect of our own', new TypeError('undefined is not a function')],
    ['what is no error', 'text'],
    ['nothing', undefined],
  ])('leaves %s as it is', (_case, error) => {
    expect(translateDatabaseError(error)).toBe(error);
  });
});

describe('cancellationCodes', () => {
  it('gives the reason of each part in its order', () => {
    expect(cancellationCodes(cancelled('ConditionalCheckFailed', undefined, 'TransactionConflict'))).toEqual([
      'ConditionalCheckFailed',
      'None',
      'TransactionConflict',
    ]);
  });

  it.each([
    ['a cancelled transaction without reasons', named('TransactionCanceledException')],
    [
      'another error',
      named('ThrottlingException', { CancellationReasons: [{ Code: 'TransactionConflict' }] }),
    ],
    ['what is no error', { name: 'TransactionCanceledException', CancellationReasons: [{ Code: 'x' }] }],
    ['nothing', undefined],
  ])('gives none for %s', (_case, error) => {
    expect(cancellationCodes(error)).toEqual([]);
  });
});
