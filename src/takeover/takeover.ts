import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  paginateScan,
  PutCommand,
  QueryCommand,
} from '@aws-sdk/lib-dynamodb';
import type { TableNames } from '../config/config.js';
import { EMAIL_INDEX } from '../database/tables.js';
import { isReservationKey, reservationRow } from '../users/reservation.js';
import { normaliseEmail, unreadableAudioFile, unreadableUser } from './row-checks.js';

type Row = Record<string, unknown>;

/** Rows to a page; one page is in memory at a time, however many rows there are. */
const PAGE = 200;
/** Accounts looked at simultaneously. */
const PARALLEL = 20;

export interface Finding {
  readonly table: string;
  /** Partition key of the row. */
  readonly key: string;
  readonly problem: string;
}

/** Counts of what was found. */
export interface TakeoverReport {
  users: number;
  audioFiles: number;
  unreadable: number;
  /** Accounts whose email another account has too. */
  duplicateEmails: number;
  unnormalisedEmails: number;
  foreignHashes: number;
  reserved: number;
  /** Written with `apply`, to be written without. */
  missingReservations: number;
}

export interface TakeoverOptions {
  /** Whether to write; otherwise nothing is changed. */
  readonly apply: boolean;
  readonly onFinding: (finding: Finding) => void;
  readonly onProgress: (report: Readonly<TakeoverReport>) => void;
}

/**
 * Prepares the tables of the older backend. An account whose email is shared or not normalised gets no reservation:
 * who it belongs to is for people to decide. Every write is conditional and can be repeated, so that a run which was
 * stopped is simply started again, also beside a running service.
 */
export class Takeover {
  private readonly report: TakeoverReport = {
    users: 0,
    audioFiles: 0,
    unreadable: 0,
    duplicateEmails: 0,
    unnormalisedEmails: 0,
    foreignHashes: 0,
    reserved: 0,
    missingReservations: 0,
  };

  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly tables: TableNames,
    private readonly options: TakeoverOptions,
  ) {}

  async run(): Promise<TakeoverReport> {
    await this.eachRow(this.tables.users, async (row) => {
      if (isReservationKey(row['user_id'])) return;
      this.report.users++;
      await this.checkUser(row);
    });
    await this.eachRow(this.tables.audioFiles, (row) => {
      this.report.audioFiles++;
      this.findUnreadable(this.tables.audioFiles, row['file_id'], unreadableAudioFile(row));
      return Promise.resolve();
    });
    return this.report;
  }

  private async eachRow(table: string, look: (row: Row) => Promise<void>): Promise<void> {
    for await (const { Items = [] } of paginateScan(
      { client: this.client, pageSize: PAGE },
      { TableName: table },
    )) {
      for (let start = 0; start < Items.length; start += PARALLEL) {
        await Promise.all(Items.slice(start, start + PARALLEL).map(look));
      }
      this.options.onProgress(this.report);
    }
  }

  private async checkUser(row: Row): Promise<void> {
    const { users } = this.tables;
    if (this.findUnreadable(users, row['user_id'], unreadableUser(row))) return;
    const { user_id: userId, email, password_hash: hash } = row as Record<string, string>;
    if (userId === undefined || email === undefined || hash === undefined) return;
    if (!hash.startsWith('$argon2')) {
      this.report.foreignHashes++;
      this.find(users, userId, 'password_hash is not Argon2');
    }
    const normalised = email === normaliseEmail(email);
    if (!normalised) {
      this.report.unnormalisedEmails++;
      this.find(users, userId, 'email is not trimmed and lower case');
    }
    const shared = await this.isShared(normaliseEmail(email), userId);
    if (shared) {
      this.report.duplicateEmails++;
      this.find(users, userId, 'email belongs to another account too');
    }
    if (normalised && !shared) await this.reserve(email, userId);
  }

  private async isShared(email: string, userId: string): Promise<boolean> {
    const { Items = [] } = await this.client.send(
      new QueryCommand({
        TableName: this.tables.users,
        IndexName: EMAIL_INDEX,
        KeyConditionExpression: 'email = :email',
        ExpressionAttributeValues: { ':email': email },
        Limit: 2,
      }),
    );
    return Items.some((item) => item['user_id'] !== userId);
  }

  private async reserve(email: string, userId: string): Promise<void> {
    const Item = { ...reservationRow(email, userId) };
    const existing = await this.client.send(
      new GetCommand({ TableName: this.tables.users, Key: { user_id: Item.user_id } }),
    );
    if (existing.Item) {
      this.report.reserved++;
      return;
    }
    if (this.options.apply && !(await this.write(Item))) {
      this.report.reserved++;
      return;
    }
    this.report.missingReservations++;
  }

  private async write(Item: Row): Promise<boolean> {
    try {
      await this.client.send(
        new PutCommand({
          TableName: this.tables.users,
          Item,
          ConditionExpression: 'attribute_not_exists(user_id)',
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  private findUnreadable(table: string, key: unknown, problems: readonly string[]): boolean {
    if (problems.length === 0) return false;
    this.report.unreadable++;
    for (const problem of problems) this.find(table, String(key), problem);
    return true;
  }

  private find(table: string, key: string, problem: string): void {
    this.options.onFinding({ table, key, problem });
  }
}
