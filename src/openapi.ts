import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { DocumentationAnswers } from './common/http/compression/documentation-answers.js';

const DOCS_PATH = 'api/docs';

/** Builds the OpenAPI document from the decorators of the controllers. */
export function buildOpenApi(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Decision Data API')
    .setDescription(
      'User accounts and per-user audio-file records. Field names are snake_case; times are ISO 8601 in UTC with ' +
        'whole seconds. Every error is problem details (RFC 9457) with one sentence in `detail`.',
    )
    .setVersion('1.0.0')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/', 'This service')
    .addTag('Accounts', 'Registration, login, and what people do with their own account')
    .addTag('Sessions', 'Where one is signed in')
    .addTag('Audio files', 'Records of audio objects in S3; everybody sees only their own')
    .addTag('Health', 'For load balancers and orchestrators')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' })
    .build();
  return SwaggerModule.createDocument(app, config);
}

/** Where the files of the page are: a dependency of `@nestjs/swagger`. */
function assetsFolder(): string {
  const swagger = createRequire(import.meta.url).resolve('@nestjs/swagger/package.json');
  return dirname(createRequire(swagger).resolve('swagger-ui-dist/package.json'));
}

/** Serves the document as JSON and as a page that needs no network, both below `/api/docs`. */
export function mountDocs(app: INestApplication): void {
  const folder = assetsFolder();
  app.use(`/${DOCS_PATH}`, new DocumentationAnswers(folder).middleware);
  SwaggerModule.setup(DOCS_PATH, app, () => buildOpenApi(app), {
    jsonDocumentUrl: `${DOCS_PATH}/openapi.json`,
    yamlDocumentUrl: `${DOCS_PATH}/openapi.yaml`,
    customSwaggerUiPath: folder,
    customSiteTitle: 'Decision Data API',
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true },
  });
}
