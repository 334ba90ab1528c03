import { type DynamicModule, Module } from '@nestjs/common';
import { AppConfig } from './config.js';

/** Provides the {@link AppConfig} to all modules. */
@Module({})
export class ConfigModule {
  static register(config: AppConfig): DynamicModule {
    return {
      module: ConfigModule,
      global: true,
      providers: [{ provide: AppConfig, useValue: config }],
      exports: [AppConfig],
    };
  }
}
