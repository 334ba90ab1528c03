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
    summary: 'Readiness: whether requests can be served now, the database included',
    security: [],
  })
  @ApiOkResponse({ type: HealthDto, description: 'Ready' })
  // Above the problems, of which it takes the place for this status.
  @ApiServiceUnavailableResponse({ type: HealthDto, description: 'Not ready: the database does not serve' })
  @ApiProblems({})
  async ready(@Res({ passthrough: true }) response: Response): Promise<HealthDto> {
    const ready = await this.health.isReady();
    if (!ready) response.status(HttpStatus.SERVICE_UNAVAILABLE).set('Retry-After', RETRY_AFTER_SECONDS);
    return new HealthDto(ready);
  }

  @Get('live')
  @ApiOperation({
    operationId: 'getLiveness',
    summary: 'Liveness: whether the process serves at all; asks nothing else',
    security: [],
  })
  @ApiOkResponse({ type: LivenessDto, description: 'Alive' })
  @ApiProblems({})
  live(): LivenessDto {
    return new LivenessDto();
  }
}
