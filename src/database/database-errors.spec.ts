import { describe, expect, it } from '@jest/globals';
import { UnavailableError } from '../common/errors/domain-errors.js';
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

  it.each([
    ['a failed condition', named('ConditionalCheckFailedException', { $metadata: { httpStatusCode: 400 } })],
    ['a refused permission', named('AccessDeniedException', { $metadata: { httpStatusCode: 400 } })],
    ['a missing table', named('ResourceNotFoundException', { $metadata: { httpStatusCode: 400 } })],
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
