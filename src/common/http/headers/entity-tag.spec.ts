import { describe, expect, it } from '@jest/globals';
import { PreconditionFailedError, ValidationError } from '../../errors/domain-errors.js';
import { wasSeen } from './entity-tag.js';

const CURRENT = '"1758762381-4"';

/** What `wasSeen` throws. */
function thrown(header: string): unknown {
  try {
    return wasSeen(header, CURRENT);
  } catch (error) {
    return error;
  }
}

describe('wasSeen', () => {
  it.each([[undefined], ['*'], [' * ']])('is false for %j, which does not care', (header) => {
    expect(wasSeen(header, CURRENT)).toBe(false);
  });

  it.each([
    [CURRENT],
    [` ${CURRENT}\t`],
    [`"x", ${CURRENT}`],
    [`${CURRENT},"x"`],
    [`W/"x" ,\t${CURRENT} , ""`],
    [`W/${CURRENT}, ${CURRENT}`],
    [`"caf\u00e9",${CURRENT}`],
  ])('is true for %j, which has the tag', (header) => {
    expect(wasSeen(header, CURRENT)).toBe(true);
  });

  it.each([
    ['""'],
    ['"x"'],
    ['"x","y"'],
    [`W/${CURRENT}`],
    [`"x", W/${CURRENT}`],
    ['"1758762381-40"'],
    ['"758762381-4"'],
    ['"*"'],
    ['"a,b"'],
    ['"\'\\!"'],
  ])('fails for %j, which has other tags only', (header) => {
    expect(thrown(header)).toEqual(new PreconditionFailedError());
  });

  it.each([
    [''],
    [' '],
    ['1758762381-4'],
    ['"1758762381-4'],
    ['1758762381-4"'],
    ["'1758762381-4'"],
    ['w/"x"'],
    ['W/'],
    ['W/*'],
    ['W/ "x"'],
    ['"x" "y"'],
    ['"x", *'],
    ['*, "x"'],
    ['**'],
    ['"x y"'],
    ['"x\u007f"'],
    ['"x"y"'],
    ['"x";"y"'],
  ])('refuses %j, which is no list of tags', (header) => {
    const message = 'If-Match must be entity tags in quotation marks, or *';
    const error = thrown(header);
    expect(error).toBeInstanceOf(ValidationError);
    expect((error as ValidationError).errors).toEqual([{ field: 'If-Match', message }]);
  });

  it('takes no longer for a long header that is almost a list', () => {
    const header = `${'"x" , '.repeat(50_000)}${' '.repeat(50_000)}`;
    const started = performance.now();
    expect(thrown(header)).toBeInstanceOf(ValidationError);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
