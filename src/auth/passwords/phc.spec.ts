import { describe, expect, it } from '@jest/globals';
import { readPhc } from './phc.js';

const TAIL = '$XuD0igvoTIvrCWKzjtyB/w$PhriMSFXvuhqUmZXZRqJ3D8DlVIfXDSkN4LVH/qL/So';

describe('readPhc', () => {
  it.each([
    ['argon2id', '$argon2id$v=19$m=65536,t=3,p=4', 196_608],
    ['argon2id', '$argon2id$v=19$m=19456,p=1,t=2', 38_912],
    ['argon2i', '$argon2i$m=4096,t=3,p=1', 12_288],
    ['argon2d', '$argon2d$v=16$t=1,m=1024,p=1', 1024],
    ['argon2id', '$argon2id$v=19$m=65536,p=4', Number.NaN],
    ['argon2id', '$argon2id$v=19$garbage', Number.NaN],
    [undefined, '$2b$12$abcdefghijklmnopqrstuv', Number.NaN],
    [undefined, '', Number.NaN],
  ])('reads the kind and the work: %s of %s', (kind, head, work) => {
    expect(readPhc(`${head}${TAIL}`)).toEqual({ kind, work });
  });

  it('reads nothing out of what was cut off', () => {
    expect(readPhc('$argon2id$v=19$m=65536,t=3')).toEqual({ kind: undefined, work: Number.NaN });
  });
});
