import { describe, expect, it } from '@jest/globals';
import { type BatchDeletion, deleteObjects, isBatchRefusal, isKeyRefusal } from './object-deletion.js';

/** A store that deletes all keys except the given ones, and records the calls. */
function storeWith({ kept = [], unnamed = [], refuses = false }: Partial<Rules> = {}) {
  const asked = { batches: [] as number[], single: [] as string[] };
  return {
    asked,
    deletion: {
      many: (keys: readonly string[]): Promise<BatchDeletion | undefined> => {
        asked.batches.push(keys.length);
        if (refuses) return Promise.resolve(undefined);
        const gone = keys.filter((key) => !kept.includes(key) && !unnamed.includes(key));
        return Promise.resolve({ gone: new Set(gone), kept: new Set(kept) });
      },
      one: (key: string) => {
        asked.single.push(key);
        return Promise.resolve(!kept.includes(key));
      },
    },
  };
}

interface Rules {
  kept: readonly string[];
  unnamed: readonly string[];
  refuses: boolean;
}

const plain = Array.from({ length: 250 }, (_, n) => `a/${n}`);
const ODD = ['a\u0001', 'a\n', 'a\tb', '\ufffe', 'a\uffffb', 'a\u0085', 'a ', ' a', 'a\ud800'];

describe('deleteObjects', () => {
  it('deletes in batches of 100, and nothing where there is nothing', async () => {
    const { asked, deletion } = storeWith();
    expect(await deleteObjects(plain, deletion)).toEqual(new Set());
    expect(await deleteObjects([], deletion)).toEqual(new Set());
    expect(asked).toEqual({ batches: [100, 100, 50], single: [] });
  });

  it('deletes one by one what XML does not hold, or some store trims', async () => {
    const { asked, deletion } = storeWith();
    const fine = ['a b', 'a+b', 'a&<>"\'', 'früh/💚', 'a\ufffd', 'a\u2028b'];
    expect(await deleteObjects([...ODD, ...fine], deletion)).toEqual(new Set());
    expect(asked).toEqual({ batches: [fine.length], single: ODD });
  });

  it('deletes one by one what the store does not name, and gives what it keeps', async () => {
    const { asked, deletion } = storeWith({ kept: ['a/7', 'a\n'], unnamed: ['a/8'] });
    expect(await deleteObjects([...plain, 'a\n'], deletion)).toEqual(new Set(['a/7', 'a\n']));
    expect(asked.single).toEqual(['a\n', 'a/8']);
  });

  it('deletes everything one by one where the store takes no batch', async () => {
    const { asked, deletion } = storeWith({ refuses: true, kept: ['a/9'] });
    expect(await deleteObjects(plain, deletion)).toEqual(new Set(['a/9']));
    expect([...asked.single].sort()).toEqual([...plain].sort());
  });

  it('ends with the first call that has no answer', async () => {
    const { asked, deletion } = storeWith({ refuses: true });
    const one = () => Promise.reject(new Error('away'));
    await expect(deleteObjects(plain, { ...deletion, one })).rejects.toThrow('away');
    const many = () => Promise.reject(new Error('silent'));
    await expect(deleteObjects(plain, { ...deletion, many })).rejects.toThrow('silent');
    expect(asked.single).toEqual([]);
  });
});

describe('an answer of a store', () => {
  const error = (name: string, httpStatusCode: number) =>
    Object.assign(new Error('words'), { name, $metadata: { httpStatusCode } });

  it.each<[string, number, boolean, boolean]>([
    ['MalformedXML', 400, true, true],
    ['InvalidRequest', 400, true, true],
    ['MissingContentMD5', 400, true, true],
    ['InvalidArgument', 400, true, true],
    ['NotImplemented', 501, true, false],
    ['UnknownError', 501, true, false],
    ['MethodNotAllowed', 405, true, true],
    ['AccessDenied', 403, false, true],
    ['ExpiredToken', 400, false, false],
    ['RequestTimeout', 400, false, false],
    ['SlowDown', 503, false, false],
    ['TooManyRequests', 429, false, false],
    ['InternalError', 500, false, false],
    ['UnknownError', 502, false, false],
  ])('%s (%i) is a refusal of a batch: %s, of a key: %s', (name, status, ofBatch, ofKey) => {
    expect(isBatchRefusal(error(name, status))).toBe(ofBatch);
    expect(isKeyRefusal(error(name, status))).toBe(ofKey);
  });

  it('is none where nothing answered', () => {
    const silence = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    expect([isBatchRefusal(silence), isKeyRefusal(silence)]).toEqual([false, false]);
  });
});
