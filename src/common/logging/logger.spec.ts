import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { noteCall } from '../call-context.js';
import { UnavailableError } from '../errors/domain-errors.js';
import { createLogger, type Logger } from './logger.js';

function logged(write: (logger: Logger) => void): { text: string; line: Record<string, unknown> } {
  let text = '';
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  write(createLogger('info', destination));
  return { text, line: JSON.parse(text) as Record<string, unknown> };
}

describe('the logger', () => {
  it('names the call in which an error came about, whoever logs it and however it is wrapped', () => {
    const cause = new Error('connect ECONNREFUSED');
    noteCall(cause, { service: 'S3', operation: 'HeadObject', bucket: 'audio', region: 'eu-west-1' });
    noteCall(cause, { service: 'DynamoDB', operation: 'GetItem' });
    for (const err of [cause, new UnavailableError('Not now', 1, { cause })]) {
      expect(logged((logger) => logger.warn({ err }, 'not now')).line).toMatchObject({
        ...{ service: 'S3', operation: 'HeadObject', bucket: 'audio', region: 'eu-west-1', msg: 'not now' },
      });
    }
  });

  it('keeps to itself the session token that AWS repeats where a signature is wrong', () => {
    const message =
      "The Canonical String for this request should have been\n'POST\n/\n\nhost:dynamodb.us-east-1.amazonaws.com\n" +
      "x-amz-security-token:FwoGZXIvYXdzEBYaD//secret+token==\nx-amz-target:DynamoDB_20120810.GetItem'";
    const { text, line } = logged((logger) => logger.error({ err: new Error(message) }, 'refused'));
    expect(text).not.toContain('secret');
    expect(line).toMatchObject({ err: { message: expect.stringContaining('x-amz-target:DynamoDB') } });
  });

  it('says of which process each line is', () => {
    expect(logged((logger) => logger.info({}, 'listening')).line).toMatchObject({ pid: process.pid });
  });
});
