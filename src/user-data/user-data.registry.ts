import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { TableKey } from '../config/table-names.js';
import { HoldsUserData, REMOVAL_STEPS, type UserData, type UserDataOptions } from './user-data.js';

/** A provider with data of users. */
export interface UserDataHolder extends UserDataOptions {
  readonly data: UserData;
}

/** A JSON name in snake case. */
const NAME = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;

/** Names that the account itself uses in a receipt or an export. */
const TAKEN = ['user', 'users'];

/** All providers with data of users, as declared by {@link HoldsUserData}. */
@Injectable()
export class UserDataRegistry implements OnModuleInit {
  private found: readonly UserDataHolder[] = [];

  constructor(private readonly discovery: DiscoveryService) {}

  /** @throws Error if two have the same name, or a name is invalid */
  onModuleInit(): void {
    const holders = this.discovery.getProviders({ metadataKey: HoldsUserData.KEY }).map((wrapper) => {
      const options = this.discovery.getMetadataByDecorator(HoldsUserData, wrapper) as UserDataOptions;
      return { ...options, data: wrapper.instance as UserData };
    });
    const names = [...TAKEN];
    for (const { name } of holders) {
      if (!NAME.test(name)) throw new Error(`@HoldsUserData: "${name}" is no name in snake case`);
      if (names.includes(name)) throw new Error(`@HoldsUserData: the name "${name}" is taken`);
      names.push(name);
    }
    const step = (holder: UserDataHolder) => REMOVAL_STEPS.indexOf(holder.step);
    // Sorted by name within a step, so that the order is the same at each start.
    this.found = holders.sort((a, b) => step(a) - step(b) || (a.name < b.name ? -1 : 1));
  }

  /** In the order of removal. */
  get holders(): readonly UserDataHolder[] {
    return this.found;
  }

  /** The tables that a provider declares. */
  get tables(): ReadonlySet<TableKey> {
    return new Set(this.found.flatMap(({ tables }) => tables));
  }
}
