import { Controller, Delete, Get, Param } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { AuditLog } from '../audit/audit-log.js';
import { ApiProblems, TOKEN_PROBLEMS } from '../common/http/problems/api-problems.decorator.js';
import { type Caller, CurrentCaller } from '../common/http/caller.decorator.js';
import { MessageDto } from '../common/http/message.dto.js';
import { canonicalId } from '../common/ids.js';
import { SignInDecidedBy } from '../common/http/sign-in-decision.decorator.js';
import { CostlyRead } from '../limits/costly-read.decorator.js';
import { SessionDto, toSessionDto } from './dto/session.dto.js';
import { signInReference } from '../common/sign-in.js';
import { SessionsService } from './sessions.service.js';

@ApiTags('Sessions')
@ApiBearerAuth()
@Controller('user/sessions')
export class SessionsController {
  constructor(
    private readonly sessions: SessionsService,
    private readonly audit: AuditLog,
  ) {}

  @Get()
  @CostlyRead()
  @ApiOperation({
    operationId: 'listSessions',
    summary: 'List your sessions, newest first',
  })
  @ApiOkResponse({ type: [SessionDto], description: 'Your sessions' })
  @ApiProblems(TOKEN_PROBLEMS)
  async list(@CurrentCaller() caller: Caller): Promise<SessionDto[]> {
    const sessions = await this.sessions.list(caller.userId);
    return sessions.map((session) => toSessionDto(session, signInReference(caller)));
  }

  @Delete()
  @SignInDecidedBy('write')
  @ApiOperation({ operationId: 'endOtherSessions', summary: 'End all your sessions except this one' })
  @ApiOkResponse({ type: MessageDto, description: 'Only this session is left' })
  @ApiProblems(TOKEN_PROBLEMS)
  async endOthers(@CurrentCaller() caller: Caller): Promise<MessageDto> {
    await this.sessions.endOthers(caller);
    this.audit.record('other-sessions-revoked', { user_id: caller.userId });
    return { message: 'All other sessions ended' };
  }

  @Delete(':session_id')
  @SignInDecidedBy('write')
  @ApiParam({
    name: 'session_id',
    description: 'Id of the session',
    schema: { type: 'string', format: 'uuid', maxLength: 64 },
    example: '1d5f6844-210d-4dd0-a106-e80f455ef203',
  })
  @ApiOperation({
    operationId: 'endSession',
    summary: 'End one of your sessions',
    description:
      'If a token of the older backend has become this session, it ends too, together with the tokens issued before it.',
  })
  @ApiOkResponse({ type: MessageDto, description: 'Its token is no longer valid' })
  @ApiProblems({ ...TOKEN_PROBLEMS, 404: 'Session not found' })
  async end(@CurrentCaller() caller: Caller, @Param('session_id') id: string): Promise<MessageDto> {
    // Only the service creates sessions: their ids are in lower case.
    const sessionId = canonicalId(id);
    await this.sessions.end(caller, sessionId);
    this.audit.record('session-revoked', { user_id: caller.userId, session_id: sessionId });
    return { message: 'Session ended' };
  }
}
