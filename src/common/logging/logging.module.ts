import { type DynamicModule, Module } from '@nestjs/common';
import { Logger } from './logger.js';

/** Makes the one {@link Logger} injectable everywhere. */
@Module({})
export class LoggingModule {
  static register(logger: Logger): DynamicModule {
    return {
      module: LoggingModule,
      global: true,
      providers: [{ provide: Logger, useValue: logger }],
      exports: [Logger],
    };
  }
}
