import { describe, expect, it, jest } from '@jest/globals';
import { QuotaExceededError, UnavailableError } from '../../common/errors/domain-errors.js';
import type { AppConfig, QuotaConfig } from '../../config/config.js';
import type { AudioFileListRepository } from '../records/audio-file-list.repository.js';
import { QuotaService } from './quota.service.js';

type Page = { fileSize: number | null }[];

/** A service, and a count of the user's records, page by page. */
function quotaOf(quota: QuotaConfig, pages: readonly Page[] = []) {
  const countedPages = jest.fn(async function* (_ownerId: string): AsyncGenerator<Page> {
    yield* pages;
    await Promise.resolve();
  });
  const lists = { countedPages } as unknown as AudioFileListRepository;
  return { service: new QuotaService(lists, { quota } as AppConfig), countedPages };
}

const file = (fileSize: number | null = null, ownerId = 'ada') => ({ ownerId, fileSize });
const exceeded = (what: string) => new QuotaExceededError(`You can keep at most ${what}`);

describe('QuotaService', () => {
  it('counts nothing and refuses nothing where there is no quota', async () => {
    const { service, countedPages } = quotaOf({}, [[file(5)]]);
    for (let i = 0; i < 100; i++) (await service.hold(file(1e12))).keep();
    service.release(file());
    expect(countedPages).not.toHaveBeenCalled();
  });

  it('adds to the records there are, on all pages, what it let in', async () => {
    const { service, countedPages } = quotaOf({ maxFiles: 5 }, [[file(), file()], [], [file()]]);
    for (let i = 0; i < 2; i++) (await service.hold(file())).keep();
    await expect(service.hold(file())).rejects.toEqual(exceeded('5 audio files'));
    expect(countedPages).toHaveBeenCalledTimes(1);
    expect(countedPages).toHaveBeenCalledWith('ada');
  });

  it('counts bytes, of which a record without a size has none', async () => {
    const { service } = quotaOf({ maxBytes: 100 }, [[file(60), file(null)]]);
    (await service.hold(file(30))).keep();
    (await service.hold(file(null))).keep();
    await expect(service.hold(file(11))).rejects.toEqual(exceeded('100 bytes of audio'));
    (await service.hold(file(10))).keep();
  });

  it('counts nothing for what it refuses, whichever limit it was', async () => {
    const { service } = quotaOf({ maxFiles: 2, maxBytes: 100 });
    for (let i = 0; i < 5; i++) await expect(service.hold(file(101))).rejects.toThrow('bytes');
    (await service.hold(file(50))).keep();
    (await service.hold(file(0))).keep();
    for (let i = 0; i < 5; i++) await expect(service.hold(file(50))).rejects.toThrow('files');
    service.release(file(0));
    (await service.hold(file(50))).keep();
  });

  it('counts once for many that come at once, and lets in as many as there is room for', async () => {
    const { service, countedPages } = quotaOf({ maxFiles: 10 }, [[file()]]);
    const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => service.hold(file())));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(9);
    expect(countedPages).toHaveBeenCalledTimes(1);
  });

  it('has the room again that is released, to the byte', async () => {
    const { service } = quotaOf({ maxBytes: 100 });
    (await service.hold(file(100))).keep();
    service.release(file(40));
    await expect(service.hold(file(41))).rejects.toBeInstanceOf(QuotaExceededError);
    (await service.hold(file(40))).keep();
  });

  it('counts anew where more was deleted than it knew of, written by another instance', async () => {
    const pages: Page[] = [[file()]];
    const { service, countedPages } = quotaOf({ maxFiles: 3 }, pages);
    (await service.hold(file())).cancel();
    for (let i = 0; i < 4; i++) service.release(file());
    pages[0] = [file(), file()];
    (await service.hold(file())).keep();
    await expect(service.hold(file())).rejects.toEqual(exceeded('3 audio files'));
    expect(countedPages).toHaveBeenCalledTimes(2);
  });

  it('takes no note of a release for somebody whom it has not counted', async () => {
    const { service } = quotaOf({ maxFiles: 1 }, [[file()]]);
    service.release(file());
    await expect(service.hold(file())).rejects.toBeInstanceOf(QuotaExceededError);
  });

  it('keeps users apart', async () => {
    const { service } = quotaOf({ maxFiles: 1 });
    (await service.hold(file(null, 'ada'))).keep();
    (await service.hold(file(null, 'bob'))).keep();
    await expect(service.hold(file(null, 'ada'))).rejects.toBeInstanceOf(QuotaExceededError);
  });

  it('fails where it cannot count, and counts anew the next time', async () => {
    const { service, countedPages } = quotaOf({ maxFiles: 1 });
    const error = new UnavailableError('Not now', 1);
    countedPages.mockImplementationOnce(() => {
      throw error;
    });
    await expect(service.hold(file())).rejects.toBe(error);
    (await service.hold(file())).keep();
    expect(countedPages).toHaveBeenCalledTimes(2);
  });

  it('takes the first word on a place for the last, so that no place is given back twice', async () => {
    const { service } = quotaOf({ maxFiles: 3, maxBytes: 30 });
    const kept = await service.hold(file(10));
    const cancelled = await service.hold(file(10), true);
    const open = await service.hold(file(10));
    for (let i = 0; i < 2; i++) {
      kept.keep();
      kept.cancel();
      cancelled.cancel();
      cancelled.keep();
    }
    // One is written and one is held: there is capacity for one more.
    (await service.hold(file(10))).keep();
    await expect(service.hold(file(10))).rejects.toEqual(exceeded('3 audio files'));
    open.cancel();
    (await service.hold(file(10))).keep();
    await expect(service.hold(file(10))).rejects.toEqual(exceeded('3 audio files'));
  });

  it('counts again where a record was written meanwhile, which the count may have missed', async () => {
    const { service, countedPages } = quotaOf({ maxFiles: 3 }, [[file(), file()]]);
    const begun = await service.hold(file());
    service.recount('ada');
    countedPages.mockImplementationOnce(async function* () {
      yield [file(), file()];
      begun.keep();
      await Promise.resolve();
    });
    countedPages.mockImplementationOnce(async function* () {
      yield [file(), file(), file()];
      await Promise.resolve();
    });
    await expect(service.hold(file())).rejects.toEqual(exceeded('3 audio files'));
    expect(countedPages).toHaveBeenCalledTimes(3);
  });

  it('adds what was written while it counted when that never ends', async () => {
    const { service, countedPages } = quotaOf({ maxFiles: 100 }, [[file()]]);
    const begun = await Promise.all(Array.from({ length: 5 }, () => service.hold(file())));
    service.recount('ada');
    countedPages.mockImplementation(async function* () {
      yield [file()];
      begun.pop()?.keep();
      await Promise.resolve();
    });
    (await service.hold(file())).cancel();
    expect(countedPages).toHaveBeenCalledTimes(4);
    for (const one of begun) one.keep();
    // One that was counted, one that the last count may have missed, two holds, and as many as the quota has capacity
    // for.
    for (let i = 0; i < 96; i++) (await service.hold(file())).keep();
    await expect(service.hold(file())).rejects.toEqual(exceeded('100 audio files'));
  });

  it('lets whoever waits for a doubtful place have it when it is given back', async () => {
    const { service } = quotaOf({ maxFiles: 1 });
    const doubtful = await service.hold(file(), true);
    const waiting = service.hold(file());
    doubtful.cancel();
    (await waiting).keep();
    await expect(service.hold(file())).rejects.toEqual(exceeded('1 audio files'));
  });
});
