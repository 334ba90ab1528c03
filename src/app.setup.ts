import 'reflect-metadata';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { ArrivingRequests, holdContinue } from './common/http/bodies/arriving-requests.js';
import { answerClientErrors } from './common/http/problems/client-errors.js';
import { BodyRoutes } from './common/http/bodies/body-routes.js';
import { limitBody } from './common/http/bodies/body-limit.js';
import { limitConnections } from './common/http/connections/connection-limits.js';
import { ExpressServerAdapter } from './common/http/connections/express-server.adapter.js';
import { JSON_BODY, requireJson } from './common/http/bodies/json-body.js';
import { OverloadGuard } from './common/http/admission/overload.js';
import { warnOfUntrustedProxy } from './common/http/admission/proxy-warning.js';
import { answerInOrder } from './common/http/connections/pipelining.js';
import { inspectRequests, refuseUnservable } from './common/http/admission/unservable-requests.js';
import { UnsentResponses } from './common/http/connections/unsent-responses.js';
import { requireUtf8Url } from './common/http/admission/utf8-url.js';
import { accessLog } from './common/http/access-log.js';
import { defaultHeaders } from './common/http/headers/default-headers.js';
import { createLogger, type Logger, nestLogger } from './common/logging/logger.js';
import { ThrottledLog } from './common/logging/throttled-log.js';
import type { AppConfig } from './config/config.js';
import { Metrics } from './metrics/metrics.js';
import { mountDocs } from './openapi.js';

/** Prefix of every path. */
const PREFIX = 'api';

/** How long a browser may cache a CORS preflight response, in seconds. */
const PREFLIGHT_SECONDS = 3600;

/**
 * The whole application as `main` and the tests use it, ready to listen.
 *
 * @param logger for tests that read the log; standard output by default
 */
export async function createApp(
  config: AppConfig,
  logger: Logger = createLogger(config.logLevel),
): Promise<NestExpressApplication> {
  const throttled = new ThrottledLog(logger);
  const unsent = new UnsentResponses(config.overload.maxUnsentMib, () =>
    throttled.warn('a client that read no answers was cut off'),
  );
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.register(config, logger),
    new ExpressServerAdapter((socket) => unsent.written(socket)),
    {
      logger: nestLogger(logger),
      bodyParser: false,
      // The caller reports problems at start. Nest must not exit.
      abortOnError: false,
    },
  );
  app.setGlobalPrefix(PREFIX);
  // Responses are private and short-lived. Hashing each for an ETag would cost more than it saves.
  app.set('etag', false);
  app.disable('x-powered-by');
  if (config.trustProxy === undefined) app.use(warnOfUntrustedProxy(logger));
  else app.set('trust proxy', config.trustProxy);
  // `undefined` if metrics are off.
  app.use(accessLog(logger, app.get<Metrics | undefined>(Metrics)));
  app.use(defaultHeaders());
  app.use(answerInOrder);
  // Before everything that refuses requests: without its headers a web application cannot read the status and the
  // problem.
  app.enableCors({
    // A function, so that requests of other origins skip CORS: with a list it answers every OPTIONS itself.
    origin: (origin: string | undefined, allow: (error: null, allowed: boolean) => void) =>
      allow(null, origin !== undefined && config.corsOrigins.includes(origin)),
    exposedHeaders: [
      ...['X-Request-Id', 'Retry-After', 'RateLimit', 'RateLimit-Policy'],
      ...['ETag', 'Link', 'Location', 'X-Next-Cursor', 'WWW-Authenticate', 'Content-Disposition'],
    ],
    maxAge: PREFLIGHT_SECONDS,
  });
  app.use(refuseUnservable);
  const overload = app.get(OverloadGuard);
  app.use(overload.turnAway);
  app.use(limitBody);
  app.use(requireUtf8Url);
  const bodies = new BodyRoutes(app.get(ModulesContainer), PREFIX);
  app.use(requireJson(bodies));
  app.use(new ArrivingRequests(config.overload.maxArriving).middleware);
  app.use(bodies.ignoreOthers);
  app.useBodyParser('json', JSON_BODY);
  app.use(overload.middleware);
  mountDocs(app);
  inspectRequests(app.getHttpServer());
  holdContinue(app.getHttpServer());
  answerClientErrors(app.getHttpServer(), logger);
  limitConnections(app.getHttpServer(), config.keepAliveMs);
  return app;
}
