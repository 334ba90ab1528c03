import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { unreadableAudioFile } from '../audio-files/records/row-checks.js';
import type { TableNames } from '../config/table-names.js';
import type { Row } from '../database/table-scan.js';
import { Email } from '../users/email.js';
import { isAccountKey } from '../users/user.row.js';
import { EmailSightings } from './email-sightings.js';
import { isArgon2, oddEmail, unreadableUser } from './row-checks.js';
import { TakeoverRepository } from './takeover.repository.js';

/** Concurrent claims. */
const PARALLEL = 20;

/** A key that can be printed: an id, not an email in the wrong place or text that could move a cursor. */
const PRINTABLE_KEY = /^[\w-]{1,64}$/;

export interface Finding {
  readonly table: string;
  /** Partition key of the row, or a description of one that is not an id. */
  readonly key: string;
  readonly problem: string;
}

/** Counts of the findings. */
export interface TakeoverReport {
  users: number;
  audioFiles: number;
  /** Rows, each counted once. */
  unreadable: number;
  /** Accounts whose email, in any spelling, another account also has or has claimed. */
  duplicateEmails: number;
  /** Emails that differ from the form that new accounts store. */
  unnormalisedEmails: number;
  foreignHashes: number;
  claimed: number;
  /** Written with `apply`, to be written without. */
  missingClaims: number;
}

export interface TakeoverProgress {
  readonly reading: 'emails' | 'accounts' | 'audio files';
  /** Number of rows read. */
  readonly rows: number;
}

export interface TakeoverOptions {
  /** Whether to write. Otherwise nothing is changed. */
  readonly apply: boolean;
  readonly onFinding: (finding: Finding) => void;
  readonly onProgress: (progress: TakeoverProgress) => void;
}

/** An account whose email no other account has, in the form that the service looks up. */
interface Candidate {
  readonly userId: string;
  readonly email: string;
}

/**
 * Prepares the tables of the older backend. An account that cannot be read, or whose email is shared or not normalised,
 * gets no claim: an operator must decide to whom the email belongs. Every write is conditional and can be repeated. A
 * stopped run can therefore be started again, even beside a running service.
 *
 * The accounts are read twice: the index cannot show that `Ada@Example.com` and `ada@example.com` are one address. At
 * most one page of them is in memory.
 */
export class Takeover {
  private readonly repository: TakeoverRepository;
  private readonly sightings = new EmailSightings();
  private readonly report: TakeoverReport = {
    users: 0,
    audioFiles: 0,
    unreadable: 0,
    duplicateEmails: 0,
    unnormalisedEmails: 0,
    foreignHashes: 0,
    claimed: 0,
    missingClaims: 0,
  };

  constructor(
    client: DynamoDBClient,
    private readonly tables: Pick<TableNames, 'users' | 'audioFiles'>,
    private readonly options: TakeoverOptions,
  ) {
    this.repository = new TakeoverRepository(client);
  }

  /**
   * Reads both tables. Call it only once.
   *
   * @throws MissingTableError before anything is written
   */
  async run(): Promise<Readonly<TakeoverReport>> {
    const { users, audioFiles } = this.tables;
    await this.repository.assertReadable(users);
    await this.repository.assertReadable(audioFiles);

    await this.eachPage('emails', this.repository.pages(users, ['user_id', 'email']), (rows) => {
      for (const { email } of accountsOf(rows)) {
        if (typeof email === 'string') this.sightings.note(Email.read(email).canonical);
      }
    });
    await this.eachPage('accounts', this.repository.pages(users), async (rows) => {
      const accounts = accountsOf(rows);
      this.report.users += accounts.length;
      await this.claimAll(accounts.flatMap((account) => this.checkAccount(account) ?? []));
    });
    await this.eachPage('audio files', this.repository.pages(audioFiles), (rows) => {
      this.report.audioFiles += rows.length;
      for (const row of rows) this.findUnreadable(audioFiles, row['file_id'], unreadableAudioFile(row));
    });
    return this.report;
  }

  private async eachPage(
    reading: TakeoverProgress['reading'],
    pages: AsyncIterable<Row[]>,
    look: (rows: Row[]) => Promise<void> | void,
  ): Promise<void> {
    let count = 0;
    for await (const rows of pages) {
      await look(rows);
      count += rows.length;
      this.options.onProgress({ reading, rows: count });
    }
  }

  /** Reports on an account. Returns it if its email can be claimed. */
  private checkAccount(row: Row): Candidate | undefined {
    const { user_id: userId, email, password_hash: hash } = row;
    const readable = !this.findUnreadable(this.tables.users, userId, unreadableUser(row));
    if (typeof hash === 'string' && hash !== '' && !isArgon2(hash)) {
      this.report.foreignHashes++;
      this.findInAccount(userId, 'password_hash is not Argon2');
    }
    if (typeof email !== 'string') return undefined;
    const { canonical, older } = Email.read(email);
    const odd = oddEmail(email);
    if (odd.length > 0) this.report.unnormalisedEmails++;
    for (const problem of odd) this.findInAccount(userId, problem);
    const shared = this.sightings.isRepeated(canonical);
    if (shared) this.findDuplicate(userId, 'email belongs to another account too');
    return readable && email === older && !shared ? { userId: String(userId), email } : undefined;
  }

  private async claimAll(candidates: readonly Candidate[]): Promise<void> {
    const emails = candidates.map(({ email }) => email);
    const owners = await this.repository.claimOwners(this.tables.users, emails);
    const missing: Candidate[] = [];
    for (const candidate of candidates) {
      const owner = owners.get(candidate.email);
      if (owner === undefined) missing.push(candidate);
      else if (owner === candidate.userId) this.report.claimed++;
      else this.findTaken(candidate.userId);
    }
    if (!this.options.apply) {
      this.report.missingClaims += missing.length;
      return;
    }
    for (let start = 0; start < missing.length; start += PARALLEL) {
      await Promise.all(missing.slice(start, start + PARALLEL).map((candidate) => this.claim(candidate)));
    }
  }

  private async claim({ email, userId }: Candidate): Promise<void> {
    const outcome = await this.repository.claim(this.tables.users, email, userId);
    if (outcome === 'claimed') this.report.missingClaims++;
    else if (outcome === 'taken') this.findTaken(userId);
    // It was deleted since it was read. There is nothing to prepare.
  }

  /** The email was registered at a moment when the index did not contain this account. */
  private findTaken(userId: unknown): void {
    this.findDuplicate(userId, 'email is claimed by another account');
  }

  private findDuplicate(userId: unknown, problem: string): void {
    this.report.duplicateEmails++;
    this.findInAccount(userId, problem);
  }

  private findUnreadable(table: string, key: unknown, problems: readonly string[]): boolean {
    if (problems.length > 0) this.report.unreadable++;
    for (const problem of problems) this.find(table, key, problem);
    return problems.length > 0;
  }

  private findInAccount(userId: unknown, problem: string): void {
    this.find(this.tables.users, userId, problem);
  }

  private find(table: string, key: unknown, problem: string): void {
    const text = String(key);
    const shown = PRINTABLE_KEY.test(text) ? text : `(a key of ${text.length} characters that is no id)`;
    this.options.onFinding({ table, key: shown, problem });
  }
}

function accountsOf(rows: readonly Row[]): Row[] {
  return rows.filter(({ user_id: userId }) => isAccountKey(userId));
}
