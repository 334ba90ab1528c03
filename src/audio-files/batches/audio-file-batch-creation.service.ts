import { Injectable } from '@nestjs/common';
import { allEnded } from '../../common/concurrency.js';
import {
  DomainError,
  IdempotencyKeyReusedError,
  temporarilyUnavailable,
  UnavailableError,
} from '../../common/errors/domain-errors.js';
import { isSuccess, outcomeOf, type Outcome } from '../../common/outcome.js';
import type { AudioFile } from '../records/audio-file.js';
import { AudioFileCreationService } from '../audio-file-creation.service.js';
import {
  AudioFileDrafts,
  type Creation,
  type CreationRequest,
  fingerprint,
  idOf,
} from '../audio-file-drafts.js';
import { AudioFilesRepository } from '../records/audio-files.repository.js';
import { UploadedAudioService } from '../uploads/uploaded-audio.service.js';
import { QuotaService, type QuotaHold } from '../usage/quota.service.js';

/** A record that is to be written. */
interface Draft {
  readonly creation: Creation;
  readonly hold: QuotaHold;
}

/** Creates many records at a time, once for each idempotency key. */
@Injectable()
export class AudioFileBatchCreationService {
  constructor(
    private readonly creation: AudioFileCreationService,
    private readonly drafts: AudioFileDrafts,
    private readonly files: AudioFilesRepository,
    private readonly audio: UploadedAudioService,
    private readonly quota: QuotaService,
  ) {}

  /**
   * Creates many records independently: an error of one does not affect the others.
   *
   * @param requests an error in the place of a request is passed through
   * @returns an outcome for each, in order; `UnavailableError` for a record that could not be written now
   */
  async createMany(
    ownerId: string,
    requests: readonly Outcome<CreationRequest>[],
  ): Promise<Outcome<Creation>[]> {
    const plain: CreationRequest[] = [];
    const byKey = new Map<string, CreationRequest[]>();
    const places = requests.map((request) => {
      if (request instanceof DomainError) return { error: request };
      const { idempotencyKey: key } = request;
      const group = key === undefined ? plain : (byKey.get(key) ?? []);
      if (key !== undefined) byKey.set(key, group);
      return { key, at: group.push(request) - 1 };
    });
    const made = new Map<string | undefined, Outcome<Creation>[]>();
    // Records without a key hold quota first, in their order.
    const drafts = await this.prepare(ownerId, plain);
    await allEnded([
      ...[...byKey].map(async ([key, group]) => made.set(key, await this.createInTurn(ownerId, group))),
      this.write(ownerId, drafts).then((outcomes) => made.set(undefined, outcomes)),
    ]);
    return places.map((place) =>
      'error' in place ? place.error : (made.get(place.key)?.[place.at] as Outcome<Creation>),
    );
  }

  /** Records with random ids, with their quota holds. */
  private async prepare(ownerId: string, requests: readonly CreationRequest[]): Promise<Outcome<Draft>[]> {
    // All sizes are known before the first hold, so that quota is held in the order of the requests.
    const files = await Promise.all(
      requests.map((request) => outcomeOf(() => this.audio.measured(this.drafts.draft(ownerId, request)))),
    );
    const holds: QuotaHold[] = [];
    const prepare = async (file: AudioFile): Promise<Draft> => {
      const upload = await this.drafts.ticketOf(file);
      const hold = await this.quota.hold(file);
      holds.push(hold);
      return { creation: { file, isNew: true, ...upload }, hold };
    };
    try {
      return await allEnded(
        files.map(async (file) => (isSuccess<AudioFile>(file) ? outcomeOf(() => prepare(file)) : file)),
      );
    } catch (error) {
      for (const hold of holds) hold.cancel();
      throw error;
    }
  }

  /** Writes them without conditions, many in one call. Every hold is kept or cancelled in any case. */
  private async write(ownerId: string, drafts: readonly Outcome<Draft>[]): Promise<Outcome<Creation>[]> {
    const prepared = drafts.filter((draft) => isSuccess<Draft>(draft));
    try {
      const left = await this.files.createMany(prepared.map(({ creation }) => creation.file));
      return drafts.map((draft) => {
        if (!isSuccess<Draft>(draft)) return draft;
        const { creation, hold } = draft;
        if (!left.has(creation.file.fileId)) return this.drafts.made(creation, hold);
        this.drafts.lost(hold, ownerId);
        return temporarilyUnavailable(1);
      });
    } catch (error) {
      for (const { hold } of prepared) this.drafts.lost(hold, ownerId);
      throw error;
    }
  }

  /**
   * Requests with the same key. The database decides about the first one, and its record decides about the others: a
   * hundred calls one after the other would take the time limit of the whole request.
   */
  private async createInTurn(
    ownerId: string,
    requests: readonly CreationRequest[],
  ): Promise<Outcome<Creation>[]> {
    const outcomes: Outcome<Creation>[] = [];
    let record: AudioFile | undefined;
    let failure: { hash: string; error: DomainError } | undefined;
    for (const request of requests) {
      const hash = fingerprint(request.details);
      if (record) {
        const there = record;
        outcomes.push(await outcomeOf(() => this.drafts.repeated({ ownerId, requestHash: hash }, there)));
        continue;
      }
      if (failure && (failure.error instanceof UnavailableError || failure.hash === hash)) {
        outcomes.push(failure.error);
        continue;
      }
      const outcome = await outcomeOf(() => this.creation.create(ownerId, request));
      outcomes.push(outcome);
      if (isSuccess<Creation>(outcome)) record = outcome.file;
      else failure = { hash, error: outcome };
      if (outcome instanceof IdempotencyKeyReusedError) {
        const there = await outcomeOf(() => this.files.findById(idOf(ownerId, request.idempotencyKey ?? '')));
        if (there instanceof DomainError) failure = { hash, error: there };
        else record = there;
      }
    }
    return outcomes;
  }
}
