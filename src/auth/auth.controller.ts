import { Body, Controller, HttpCode, HttpStatus, Post, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import {
  ApiProblems,
  BODY_PROBLEMS,
  TOKEN_PROBLEMS,
} from '../common/http/problems/api-problems.decorator.js';
import { type Caller, CurrentCaller } from '../common/http/caller.decorator.js';
import { ApiIdempotencyKey, IdempotencyKey } from '../common/http/headers/idempotency-key.decorator.js';
import { LOCATION_HEADER } from '../common/http/headers/location-header.js';
import { MessageDto } from '../common/http/message.dto.js';
import { Public } from '../common/http/public.decorator.js';
import { SignInDecidedBy } from '../common/http/sign-in-decision.decorator.js';
import { RateLimited } from '../limits/rate-limited.decorator.js';
import { Device } from '../sessions/device.decorator.js';
import { TokenDto } from '../sessions/dto/session.dto.js';
import { AuthService } from './auth.service.js';
import { LoginDto, RegisterDto } from './dto/credentials.dto.js';
import { SignedInDto, toSignedIn } from './dto/signed-in.dto.js';

@ApiTags('Accounts')
@Controller()
export class AuthController {
  constructor(private readonly auth: AuthService) {}

  @Post('register')
  @Public()
  @RateLimited('register')
  @ApiOperation({ operationId: 'register', summary: 'Create an account and sign in', security: [] })
  @ApiIdempotencyKey(
    'repeated within 24 hours with the same email and password, the request signs in to the account that the first ' +
      'request created; with others it is refused as without a key',
  )
  @ApiCreatedResponse({
    type: SignedInDto,
    description: 'The account and a token',
    headers: LOCATION_HEADER,
  })
  @ApiOkResponse({
    type: SignedInDto,
    description: 'The account that an earlier request with this `Idempotency-Key` created, and a new token',
  })
  @ApiProblems({
    ...BODY_PROBLEMS,
    400: 'Password must be at least 8 characters',
    409: 'User already exists',
  })
  async register(
    @Body() body: RegisterDto,
    @Device() device: string,
    @IdempotencyKey() idempotencyKey: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<SignedInDto> {
    const { user, token, isNew } = await this.auth.register({ ...body, device, idempotencyKey });
    response.status(isNew ? HttpStatus.CREATED : HttpStatus.OK);
    if (isNew) response.location('/api/user');
    return toSignedIn(user, token);
  }

  @Post('login')
  @HttpCode(200)
  @Public()
  @RateLimited('login')
  @ApiOperation({
    operationId: 'login',
    summary: 'Sign in with email and password',
    description:
      'You can send any earlier token of the account as a bearer token, even an expired one: login attempts are then counted ' +
      'by that token, and guesses of strangers cannot delay the login. Any other token is ignored.',
    security: [],
  })
  @ApiOkResponse({ type: SignedInDto, description: 'The account and a token' })
  @ApiProblems({ ...BODY_PROBLEMS, 400: 'email is required', 401: 'Invalid email or password' })
  async login(@Body() body: LoginDto, @Device() device: string): Promise<SignedInDto> {
    const { user, token } = await this.auth.login({ ...body, device });
    return toSignedIn(user, token);
  }

  @Post('logout')
  @SignInDecidedBy('write')
  @HttpCode(200)
  @ApiBearerAuth()
  @ApiOperation({ operationId: 'logout', summary: 'End the session of this token' })
  @ApiOkResponse({ type: MessageDto, description: 'The token is no longer valid' })
  @ApiProblems(TOKEN_PROBLEMS)
  async logout(@CurrentCaller() caller: Caller): Promise<MessageDto> {
    await this.auth.logout(caller);
    return { message: 'Logged out' };
  }

  @Post('token/renew')
  @SignInDecidedBy('write')
  @HttpCode(200)
  @ApiBearerAuth()
  @ApiOperation({
    operationId: 'renewToken',
    summary: 'Get a new 30-day token for the same session; can be repeated with the same token',
  })
  @ApiOkResponse({ type: TokenDto, description: 'The token' })
  @ApiProblems(TOKEN_PROBLEMS)
  async renew(@CurrentCaller() caller: Caller, @Device() device: string): Promise<TokenDto> {
    return { token: await this.auth.renew(caller, device) };
  }
}
