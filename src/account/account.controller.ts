import { Readable } from 'node:stream';
import { Body, Controller, Delete, Get, Put, StreamableFile } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  ApiProblems,
  BODY_PROBLEMS,
  TOKEN_PROBLEMS,
} from '../common/http/problems/api-problems.decorator.js';
import { type Caller, CurrentCaller } from '../common/http/caller.decorator.js';
import { Compressed } from '../common/http/compression/compression.interceptor.js';
import { MessageDto } from '../common/http/message.dto.js';
import { SignInDecidedBy } from '../common/http/sign-in-decision.decorator.js';
import { CostlyRead } from '../limits/costly-read.decorator.js';
import { toUserDto, UserDto } from '../users/dto/user.dto.js';
import { AccountDeletionService, type DeletionReceipt } from './account-deletion.service.js';
import { AccountService } from './account.service.js';
import { ChangePasswordDto, DeleteAccountDto, DeletionReceiptDto } from './dto/account.dto.js';
import { ExportDto } from './dto/export.dto.js';
import { ExportService } from './export.service.js';

const WRONG_PASSWORD = { 403: 'Current password is incorrect' } as const;

@ApiTags('Accounts')
@ApiBearerAuth()
@Controller('user')
export class AccountController {
  constructor(
    private readonly account: AccountService,
    private readonly deletion: AccountDeletionService,
    private readonly exports: ExportService,
  ) {}

  @Get()
  @ApiOperation({ operationId: 'getAccount', summary: 'Get your account' })
  @ApiOkResponse({ type: UserDto, description: 'Your account' })
  @ApiProblems(TOKEN_PROBLEMS)
  async get(@CurrentCaller() caller: Caller): Promise<UserDto> {
    return toUserDto(await this.account.profile(caller));
  }

  @Put('password')
  @SignInDecidedBy('write')
  @ApiOperation({ operationId: 'changePassword', summary: 'Change your password and end all other sessions' })
  @ApiOkResponse({ type: MessageDto, description: 'The password is changed' })
  @ApiProblems({
    ...BODY_PROBLEMS,
    ...TOKEN_PROBLEMS,
    ...WRONG_PASSWORD,
    400: 'Password must be at least 8 characters',
    409: 'The password was changed meanwhile',
    429: 'Too many requests',
  })
  async changePassword(
    @CurrentCaller() caller: Caller,
    @Body() { current_password, new_password }: ChangePasswordDto,
  ): Promise<MessageDto> {
    await this.account.changePassword(caller, current_password, new_password);
    return { message: 'Password changed successfully' };
  }

  @Delete()
  @SignInDecidedBy('write')
  @ApiOperation({
    operationId: 'deleteAccount',
    summary: 'Delete your account and everything in it',
    description:
      'First the account is closed: new records are refused (409), and this cannot be undone. After a ' +
      '503, send the same request again: it continues where it stopped. If a response was lost, a 401 to the repeated ' +
      'request means that the account is deleted. Audio that is still uploaded with an earlier URL is removed within half an hour.',
  })
  @ApiOkResponse({ type: DeletionReceiptDto, description: 'Number of removed items of each kind' })
  @ApiProblems({
    ...BODY_PROBLEMS,
    ...TOKEN_PROBLEMS,
    ...WRONG_PASSWORD,
    400: 'Password is required',
    429: 'Too many requests',
  })
  async delete(
    @CurrentCaller() caller: Caller,
    @Body() { password }: DeleteAccountDto,
  ): Promise<DeletionReceipt> {
    return this.deletion.delete(caller, password);
  }

  @Get('export')
  @CostlyRead()
  @Compressed()
  @ApiOperation({
    operationId: 'exportAccount',
    summary: 'Get everything that is stored about you, as one JSON document',
  })
  @ApiOkResponse({ type: ExportDto, description: 'The document, streamed' })
  @ApiProblems(TOKEN_PROBLEMS)
  async export(@CurrentCaller() caller: Caller): Promise<StreamableFile> {
    const file = new StreamableFile(Readable.from(await this.exports.start(caller)), {
      type: 'application/json',
      disposition: 'attachment; filename="export.json"',
    });
    // Closing the connection signals that the document is incomplete. Nest would end it as if it were complete.
    return file.setErrorHandler((_error, response) => response.destroy?.());
  }
}
