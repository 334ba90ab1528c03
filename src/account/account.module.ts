import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { UserDataModule } from '../user-data/user-data.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccountContents } from './account-contents.js';
import { AccountDeletionService } from './account-deletion.service.js';
import { AccountController } from './account.controller.js';
import { AccountService } from './account.service.js';
import { ClosedAccountsService } from './closed-accounts.service.js';
import { ExportService } from './export.service.js';

/** Routes for a user's own account. Other modules declare their data of users themselves, see `HoldsUserData`. */
@Module({
  imports: [AuthModule, UsersModule, SessionsModule, UserDataModule],
  controllers: [AccountController],
  providers: [AccountService, AccountContents, AccountDeletionService, ClosedAccountsService, ExportService],
})
export class AccountModule {}
