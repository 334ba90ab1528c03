import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { deviceName } from './device-name.js';

/** Readable name of the device that sent the request. */
export const Device = createParamDecorator((_: unknown, context: ExecutionContext): string =>
  deviceName(context.switchToHttp().getRequest<Request>().get('User-Agent')),
);
