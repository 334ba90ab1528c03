import type { AppConfig } from './config.js';
import type { EnvironmentReader } from './environment-reader.js';

/** Whether this runs on AWS Lambda, by what its runtime sets. */
export function readServerless(env: EnvironmentReader): Pick<AppConfig, 'serverless'> {
  return { serverless: env.optional('AWS_LAMBDA_FUNCTION_NAME') !== undefined };
}
