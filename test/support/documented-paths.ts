import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { TestApp } from './test-app.js';

/** The part of an operation of the OpenAPI document that the tests use. */
export interface Operation {
  operationId?: string;
  summary?: string;
  description?: string;
  security?: Record<string, string[]>[];
  parameters?: {
    name: string;
    required?: boolean;
    description?: string;
    example?: unknown;
    schema?: { example?: unknown };
  }[];
  requestBody?: { content: Record<string, unknown> };
  responses: Record<
    string,
    { description?: string; content?: Record<string, { schema?: { $ref?: string } }> }
  >;
}

export interface DocumentedOperation {
  /** In upper case. */
  method: string;
  /** As in the document: `/api/audio-file/{file_id}`. */
  template: string;
  /** With an id for each parameter. */
  path: string;
  operation: Operation;
}

type Paths = Record<string, Record<string, Operation>>;

/** Every operation of the OpenAPI document that the application serves. */
export async function documentedOperations({ http }: Pick<TestApp, 'http'>): Promise<DocumentedOperation[]> {
  const { body } = await http.get('/api/docs/openapi.json').expect(200);
  return operationsOf((body as { paths: Paths }).paths);
}

/**
 * Every operation of the document in the repository: tests for each of them are defined before an application starts.
 */
export function committedOperations(): DocumentedOperation[] {
  const document = readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8');
  return operationsOf((JSON.parse(document) as { paths: Paths }).paths);
}

function operationsOf(paths: Paths): DocumentedOperation[] {
  return Object.entries(paths).flatMap(([template, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      template,
      path: template.replace(/\{\w+\}/g, () => randomUUID()),
      operation,
    })),
  );
}
