import { createApp } from './app.setup.js';
import { createLogger } from './common/logging/logger.js';
import { readConfig } from './config/read-config.js';
import { ConfigurationError } from './config/environment-reader.js';
import { stopGracefully } from './shutdown.js';

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const logger = createLogger(config.logLevel);
  const app = await createApp(config, logger);
  stopGracefully(app, logger, config.shutdownGraceMs);
  await app.listen(config.port, config.host);
  logger.info({ url: await app.getUrl(), node: process.version }, 'listening');
}

main().catch((error: unknown) => {
  for (const line of describe(error)) process.stderr.write(`${line}\n`);
  process.exit(1);
});

function describe(error: unknown): readonly string[] {
  if (error instanceof ConfigurationError) return error.problems;
  if (!(error instanceof Error)) return [String(error)];
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  if (code === 'EADDRINUSE') return [`Port ${port} on ${address} is already in use`];
  if (code === 'EACCES' && port !== undefined) return [`Port ${port} may not be used by this user`];
  return [error.stack ?? error.message];
}
