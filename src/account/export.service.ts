import { Injectable } from '@nestjs/common';
import type { Caller } from '../common/http/caller.decorator.js';
import { renewDatabaseBudget } from '../common/request-context.js';
import { type UserDataHolder, UserDataRegistry } from '../user-data/user-data.registry.js';
import { toUserDto } from '../users/dto/user.dto.js';
import { AccountService } from './account.service.js';

/** Exports everything that the service stores about a user as one JSON document. */
@Injectable()
export class ExportService {
  constructor(
    private readonly account: AccountService,
    private readonly registry: UserDataRegistry,
  ) {}

  /**
   * The document in chunks. Only one chunk is in memory at a time: first the account, then an array for each module
   * with data of users, sign-ins first. An error before the first chunk is thrown here. After a later error the
   * document ends incomplete, which no JSON parser accepts.
   *
   * @throws UnavailableError if the database is unavailable
   */
  async start(caller: Caller): Promise<AsyncGenerator<string>> {
    const user = await this.account.profile(caller);
    const head = JSON.stringify({ user: { ...toUserDto(user), key_salt: user.keySalt.toString('hex') } });
    const sections = this.sections(caller);
    // Reads the first page here too, so that an outage is a 503 and not a broken document.
    const first = await sections.next();
    return whole(head.slice(0, -1), first, sections);
  }

  private async *sections(caller: Caller): AsyncGenerator<string> {
    for (const holder of this.registry.holders.toReversed()) yield* section(holder, caller);
  }
}

async function* whole(
  head: string,
  first: IteratorResult<string>,
  rest: AsyncGenerator<string>,
): AsyncGenerator<string> {
  yield first.done ? head : head + first.value;
  yield* rest;
  yield '}\n';
}

/** A member of the document, page by page. */
async function* section({ name, data }: UserDataHolder, caller: Caller): AsyncGenerator<string> {
  if (!data.exportPages) return;
  let piece = `,"${name}":[`;
  let separator = '';
  for await (const page of data.exportPages(caller)) {
    renewDatabaseBudget();
    if (page.length === 0) continue;
    yield piece + separator + page.map((item) => JSON.stringify(item)).join(',');
    piece = '';
    separator = ',';
  }
  yield `${piece}]`;
}
