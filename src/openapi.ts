import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { DocumentationAnswers } from './common/http/compression/documentation-answers.js';

const DOCS_PATH = 'api/docs';
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Parameter = Exclude<NonNullable<Operation['parameters']>[number], { $ref: string }>;

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
  return toldInWords(SwaggerModule.createDocument(app, config));
}

/**
 * Moves the examples of optional parameters into their descriptions. The documentation page would otherwise fill in all
 * examples and send them, so that a list is filtered by everything at once and each create has the same idempotency
 * key.
 */
function toldInWords(document: OpenAPIObject): OpenAPIObject {
  for (const path of Object.values(document.paths)) {
    for (const method of METHODS) {
      for (const parameter of path[method]?.parameters ?? []) {
        if ('$ref' in parameter || parameter.required) continue;
        tellInWords(parameter);
      }
    }
  }
  return document;
}

function tellInWords(parameter: Parameter): void {
  const schema = parameter.schema && !('$ref' in parameter.schema) ? parameter.schema : {};
  const example = (parameter.example ?? schema.example) as string | number | undefined;
  delete parameter.example;
  delete schema.example;
  // A parameter with an enum or a default needs no example.
  if (example === undefined || schema.enum || schema.default !== undefined) return;
  const words = `For example \`${example}\``;
  parameter.description = parameter.description ? `${parameter.description}. ${words}` : words;
}

/** Folder of the page's files, in a dependency of `@nestjs/swagger`. */
function assetsFolder(): string {
  const swagger = createRequire(import.meta.url).resolve('@nestjs/swagger/package.json');
  return dirname(createRequire(swagger).resolve('swagger-ui-dist/package.json'));
}

/** Serves the document as JSON, and a page that needs no network, both below `/api/docs`. */
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
