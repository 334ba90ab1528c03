import { type DynamicModule, Module } from '@nestjs/common';
import { Logger } from './logger.js';

/** Provides the {@link Logger} to all modules. */
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
