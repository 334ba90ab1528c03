import { Module } from '@nestjs/common';
import { ClosedAccountsRepository } from './closed-accounts.repository.js';
import { UsersRepository } from './users.repository.js';
import { UsersService } from './users.service.js';

@Module({
  providers: [UsersRepository, ClosedAccountsRepository, UsersService],
  exports: [UsersService, UsersRepository, ClosedAccountsRepository],
})
export class UsersModule {}
