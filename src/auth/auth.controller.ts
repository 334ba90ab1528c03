import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems, BODY_PROBLEMS } from '../common/http/api-problems.decorator.js';
import { Public } from '../common/http/public.decorator.js';
import { AuthService } from './auth.service.js';
import { LoginDto, RegisterDto } from './dto/credentials.dto.js';
import { SignedInDto, toSignedIn } from './dto/signed-in.dto.js';

@ApiTags('Accounts')
@Controller()
export class AuthController {
  constructor(private readonly auth: AuthService) {}

  @Post('register')
  @Public()
  @ApiOperation({ operationId: 'register', summary: 'Make an account and sign in', security: [] })
  @ApiCreatedResponse({ type: SignedInDto, description: 'The account, and a token for it' })
  @ApiProblems({
    ...BODY_PROBLEMS,
    400: 'Password must be at least 8 characters',
    409: 'User already exists',
  })
  async register(@Body() { email, password }: RegisterDto): Promise<SignedInDto> {
    const { user, token } = await this.auth.register(email, password);
    return toSignedIn(user, token);
  }

  @Post('login')
  @HttpCode(200)
  @Public()
  @ApiOperation({ operationId: 'login', summary: 'Sign in with email and password', security: [] })
  @ApiOkResponse({ type: SignedInDto, description: 'The account, and a token for it' })
  @ApiProblems({ ...BODY_PROBLEMS, 400: 'email is required', 401: 'Invalid email or password' })
  async login(@Body() { email, password }: LoginDto): Promise<SignedInDto> {
    const { user, token } = await this.auth.login(email, password);
    return toSignedIn(user, token);
  }
}
