import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { UserDataRegistry } from './user-data.registry.js';

/** Finds what modules hold of users; knows none of them. */
@Module({ imports: [DiscoveryModule], providers: [UserDataRegistry], exports: [UserDataRegistry] })
export class UserDataModule {}
