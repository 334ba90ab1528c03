import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ApiProblems } from '../common/http/problems/api-problems.decorator.js';
import { Public } from '../common/http/public.decorator.js';
import { HealthDto, LivenessDto } from './health.dto.js';
import { HealthService } from './health.service.js';

const RETRY_AFTER_SECONDS = '1';

@ApiTags('Health')
@Public()
@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Get()
  @ApiOperation({
    operationId: 'getHealth',
    summary: 'Readiness: whether requests can be served now, including the database',
    security: [],
  })
  @ApiOkResponse({ type: HealthDto, description: 'Ready' })
  // Placed above the problems, because it replaces theirs for this status.
  @ApiServiceUnavailableResponse({ type: HealthDto, description: 'Not ready: the database is unavailable' })
  @ApiProblems({})
  async ready(@Res({ passthrough: true }) response: Response): Promise<HealthDto> {
    const ready = await this.health.isReady();
    if (!ready) response.status(HttpStatus.SERVICE_UNAVAILABLE).set('Retry-After', RETRY_AFTER_SECONDS);
    return new HealthDto(ready);
  }

  @Get('live')
  @ApiOperation({
    operationId: 'getLiveness',
    summary: 'Liveness: whether the process responds, without checks of the database',
    security: [],
  })
  @ApiOkResponse({ type: LivenessDto, description: 'Alive' })
  @ApiProblems({})
  live(): LivenessDto {
    return new LivenessDto();
  }
}
