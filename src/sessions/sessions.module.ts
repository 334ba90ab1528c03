import { Module } from '@nestjs/common';
import { UsersModule } from '../users/users.module.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsRepository } from './sessions.repository.js';
import { SessionsService } from './sessions.service.js';
import { SessionsUserData } from './sessions.user-data.js';
import { SignInGuard } from './sign-in.guard.js';
import { SignInsRepository } from './sign-ins.repository.js';
import { SignInsService } from './sign-ins.service.js';

/** Sessions of signed-in devices. */
@Module({
  imports: [UsersModule],
  controllers: [SessionsController],
  providers: [
    SessionsRepository,
    SignInsRepository,
    SignInsService,
    SessionsService,
    SessionsUserData,
    SignInGuard,
  ],
  exports: [SessionsService, SignInsService, SignInGuard],
})
export class SessionsModule {}
