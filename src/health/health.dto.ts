import { ApiProperty } from '@nestjs/swagger';

export class LivenessDto {
  @ApiProperty({ enum: ['healthy'], example: 'healthy' })
  readonly status = 'healthy' as const;

  @ApiProperty({ enum: ['decision-data-backend'], example: 'decision-data-backend' })
  readonly service = 'decision-data-backend';
}

export class HealthDto {
  @ApiProperty({ enum: ['healthy', 'unhealthy'], example: 'healthy' })
  readonly status: 'healthy' | 'unhealthy';

  @ApiProperty({ enum: ['decision-data-backend'], example: 'decision-data-backend' })
  readonly service = 'decision-data-backend';

  @ApiProperty({ enum: ['dynamodb'], example: 'dynamodb' })
  readonly database = 'dynamodb';

  constructor(healthy: boolean) {
    this.status = healthy ? 'healthy' : 'unhealthy';
  }
}
