import type { ListedObject } from '../storage/object-store.js';
import type { AudioFolders } from './audio-folders.js';
import { type Bucket, BucketError } from './bucket.js';
import { ReferencedKeys } from './referenced-keys.js';
import type { Quarantine } from './quarantine.js';
import type { ReconcileRepository } from './reconcile.repository.js';
import type { PassContext } from './pass-context.js';
import { printable } from './report.js';

/** Objects without a record that are checked again and moved at a time. */
const BATCH = 1000;

/** The user whose objects are being listed. */
interface CurrentUser {
  readonly userId: string;
  /** The prefix of the objects' keys. */
  readonly prefix: string;
  /** Keys of the records. */
  readonly named: ReferencedKeys;
  /** Old objects without a record, to be moved. */
  strays: ListedObject[];
}

/**
 * Lists the objects and finds those without a record. They are listed in the order of their keys, user by user, so that
 * only the records of one user are in memory.
 */
export class ObjectsPass {
  objectsWithoutRecord = 0;
  private user: CurrentUser | undefined;

  /** @param outlying keys of records that are missing in their user's index */
  constructor(
    private readonly repository: ReconcileRepository,
    private readonly bucket: Bucket,
    private readonly quarantine: Quarantine,
    private readonly folders: AudioFolders,
    private readonly outlying: ReadonlySet<string>,
    private readonly context: PassContext,
  ) {}

  async run(): Promise<void> {
    for (const folder of this.folders.folders) {
      for await (const page of this.bucket.pages(folder)) {
        for (const object of page) {
          const place = this.folders.placeOf(object.key);
          // Objects in a folder inside this one are listed with that folder.
          if (place?.folder === folder) await this.look(object, folder, place.owner);
        }
        this.progress();
      }
      await this.leaveUser();
    }
  }

  private async look(object: ListedObject, folder: string, owner: string | undefined): Promise<void> {
    if (owner === undefined) {
      this.context.report.foreign++;
      this.find('foreign', object, 'not in the folder of a user');
      return;
    }
    const user = this.user?.userId === owner ? this.user : await this.enterUser(owner, folder);
    this.context.report.objects++;
    if (user.named.has(object.key) || this.outlying.has(object.key)) return;
    if (user.named.hasBeside(object.key)) {
      this.context.report.beside++;
      return;
    }
    this.objectsWithoutRecord++;
    if (!this.isOld(object)) return;
    if (!this.context.apply) {
      this.context.remove(1);
      this.findStray(object);
      return;
    }
    user.strays.push(object);
    if (user.strays.length === BATCH) await this.moveStrays(user);
  }

  private async enterUser(userId: string, folder: string): Promise<CurrentUser> {
    await this.leaveUser();
    const prefix = `${folder}${userId}/`;
    const named = new ReferencedKeys(await this.repository.keysOfOwner(userId), prefix);
    this.user = { userId, named, prefix, strays: [] };
    this.progress();
    return this.user;
  }

  private async leaveUser(): Promise<void> {
    if (this.user) await this.moveStrays(this.user);
    this.user = undefined;
  }

  /**
   * Moves objects that are still old and still have no record. The records are read last, because a running service may
   * create one for an old object at any time. The copies are therefore made before; a surplus copy does no harm.
   */
  private async moveStrays(user: CurrentUser): Promise<void> {
    const { strays } = user;
    user.strays = [];
    if (strays.length === 0) return;
    try {
      await this.moveUnnamed(user, strays);
    } catch (error) {
      // The error is about this user only.
      if (!(error instanceof BucketError && error.isRefusal)) throw error;
      for (const object of strays) this.fail(object, printable(error.message));
    }
  }

  private async moveUnnamed(user: CurrentUser, strays: readonly ListedObject[]): Promise<void> {
    this.context.check(strays.length);
    const { copied, refused } = await this.quarantine.copy(strays);
    for (const object of strays) {
      const refusal = refused.get(object.key);
      if (refusal) this.fail(object, printable(refusal.message));
    }
    const safe = strays.filter(({ key }) => copied.has(key));
    const old = await this.thatAreUnchanged(user.prefix, safe);
    const byId = await this.repository.keysNamedById(old.map(({ key }) => key));
    const named = new ReferencedKeys(await this.repository.keysOfOwner(user.userId), user.prefix);
    const doomed = old.filter(({ key }) => !byId.has(key) && !named.has(key) && !named.hasBeside(key));
    this.context.remove(doomed.length);
    const left = await this.bucket.deleteMany(doomed.map(({ key }) => key));
    for (const object of doomed) {
      if (left.has(object.key)) this.fail(object, 'no record, and S3 did not delete it');
      else this.findStray(object);
    }
  }

  /** The objects that were not replaced or deleted since they were listed. */
  private async thatAreUnchanged(prefix: string, objects: readonly ListedObject[]): Promise<ListedObject[]> {
    const copied = new Map(objects.map((object) => [object.key, object]));
    const last = objects.at(-1)?.key;
    const old: ListedObject[] = [];
    for await (const page of this.bucket.pages(prefix)) {
      old.push(
        ...page.filter((object) => {
          const { modifiedAt, etag } = copied.get(object.key) ?? {};
          return modifiedAt === object.modifiedAt && etag === object.etag && this.isOld(object);
        }),
      );
      if (page.some(({ key }) => key === last)) break;
    }
    return old;
  }

  /** An object without a modification time counts as new. */
  private isOld({ modifiedAt }: ListedObject): boolean {
    return modifiedAt > 0 && modifiedAt < this.context.cutoff;
  }

  private findStray(object: ListedObject): void {
    this.context.report.strays++;
    this.find('object', object, 'no record', 'moved to quarantine');
  }

  private fail(object: ListedObject, problem: string): void {
    this.context.report.failed++;
    this.find('object', object, problem);
  }

  private find(kind: 'object' | 'foreign', object: ListedObject, problem: string, mended?: string): void {
    const { key, modifiedAt } = object;
    this.context.onFinding({
      ...{ kind, key: printable(key), problem },
      ...(modifiedAt > 0 && { ageHours: this.context.hoursSince(modifiedAt) }),
      ...(this.context.apply && mended !== undefined && { mended }),
    });
  }

  private progress(): void {
    const { objects, foreign } = this.context.report;
    this.context.onProgress({ reading: 'objects', count: objects + foreign });
  }
}
