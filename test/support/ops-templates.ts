import { readFileSync } from 'node:fs';
import type { Template } from '../../scripts/ops/cloudformation.js';
import { LOGICAL_NAMES } from '../../scripts/ops/parameters.js';
import { tableDefinitions } from '../../src/database/tables.js';

/** The templates in the repository. */
export const FILES = ['ops/cloudformation.json', 'ops/monitoring.json', 'ops/scaling.json'] as const;

/** Maximum template size for CloudFormation without a bucket. Larger ones need `--s3-bucket`. Bytes. */
export const INLINE_LIMIT = 51_200;

/** Whatever JSON may say; the tests compare it. */
export type Parsed = ReturnType<typeof JSON.parse>;

/** The tables by their names inside the templates. */
export const DEFINITIONS = tableDefinitions(LOGICAL_NAMES);

/** Those that have alarms, and capacity where it is provisioned. */
export const DURABLE = DEFINITIONS.filter(({ isEphemeral }) => !isEphemeral);

export function textOf(file: (typeof FILES)[number]): string {
  return readFileSync(file, 'utf8');
}

export function templateOf(file: (typeof FILES)[number]): Template {
  return JSON.parse(textOf(file)) as Template;
}

/** Everything under a key of an object, at any depth: `{ Ref: 'X' }` gives `X` for `Ref`. */
export function valuesOf(key: string, value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap((item) => valuesOf(key, item));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    ...(name === key ? [inner] : []),
    ...valuesOf(key, inner),
  ]);
}

/** Name and content of the resources of a type. */
export function ofType(template: Template, type: string): [string, Parsed][] {
  return Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);
}
