import { type MiddlewareConsumer, Module, type NestModule, RequestMethod } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { AppConfig } from '../config/config.js';
import { SESSION_SECONDS } from '../sessions/session.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { UsersModule } from '../users/users.module.js';
import { AuthController } from './auth.controller.js';
import { AuthService } from './auth.service.js';
import { HashCapacityMiddleware } from './passwords/hash-capacity.middleware.js';
import { JwtAuthGuard } from './jwt-auth.guard.js';
import { PasswordHasher } from './passwords/password-hasher.js';
import { PasswordPolicy } from './passwords/password-policy.js';
import { PasswordsService } from './passwords/passwords.service.js';
import { DeviceTokenMiddleware } from './tokens/device-token.middleware.js';
import { JwtStrategy } from './tokens/jwt.strategy.js';
import { TokensService } from './tokens/tokens.service.js';
import { toKey } from './tokens/verification-key.js';

/** Registration, login, and the guard that requires a token on every route by default (see `AppModule`). */
@Module({
  imports: [
    UsersModule,
    SessionsModule,
    PassportModule,
    JwtModule.registerAsync({
      inject: [AppConfig],
      useFactory: (config: AppConfig) => ({
        // A key object, see `VerificationKeys`.
        privateKey: toKey(config.secretKey),
        signOptions: { algorithm: 'HS256', expiresIn: SESSION_SECONDS },
      }),
    }),
  ],
  controllers: [AuthController],
  providers: [
    AuthService,
    PasswordHasher,
    PasswordPolicy,
    PasswordsService,
    TokensService,
    JwtStrategy,
    JwtAuthGuard,
  ],
  exports: [PasswordsService, JwtAuthGuard],
})
export class AuthModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    const post = (path: string) => ({ path, method: RequestMethod.POST });
    consumer.apply(HashCapacityMiddleware, DeviceTokenMiddleware).forRoutes(post('login'), post('register'));
  }
}
