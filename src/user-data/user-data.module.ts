import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { UserDataRegistry } from './user-data.registry.js';

/** Finds the modules with data of users, without a dependency on them. */
@Module({ imports: [DiscoveryModule], providers: [UserDataRegistry], exports: [UserDataRegistry] })
export class UserDataModule {}
