import { type ArgumentMetadata, Injectable, ValidationPipe } from '@nestjs/common';
import type { ValidationError as ClassValidatorError } from 'class-validator';
import { type FieldError, ValidationError } from '../errors/domain-errors.js';

/**
 * Validates bodies and queries by the decorators of their DTO. Unknown fields are dropped; every wrong field is
 * reported, each with its first broken rule, and without the value.
 */
@Injectable()
export class RequestValidationPipe extends ValidationPipe {
  constructor() {
    super({
      transform: true,
      whitelist: true,
      stopAtFirstError: true,
      validationError: { target: false, value: false },
      exceptionFactory: (errors) => toDomainError(errors),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    // What decorators of our own give, a record or the caller, comes from no client.
    if (metadata.type === 'custom') return value;
    if (metadata.type === 'body' && value !== undefined && !isObject(value)) {
      throw new ValidationError([{ field: 'body', message: 'The request body must be a JSON object' }]);
    }
    if (isNestedTooDeeply(value)) {
      throw new ValidationError([{ field: 'body', message: 'The request is nested too deeply' }]);
    }
    return (await super.transform(value, metadata)) as unknown;
  }
}

/** Levels of objects and arrays; the deepest request there is has two. */
const MAX_DEPTH = 16;

/** What transforms and validates objects recurses, and would run out of stack. */
function isNestedTooDeeply(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return true;
    level = level.flatMap((item) =>
      typeof item === 'object' && item !== null ? (Object.values(item) as unknown[]) : [],
    );
  }
  return false;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function toDomainError(errors: readonly ClassValidatorError[]): ValidationError {
  const [first, ...rest] = errors.flatMap((error) => flatten(error, ''));
  return new ValidationError([first ?? { field: 'body', message: 'The request is not valid' }, ...rest]);
}

function flatten(error: ClassValidatorError, path: string): FieldError[] {
  const field = `${path}${error.property}`;
  const message = Object.values(error.constraints ?? {})[0];
  const own = message === undefined ? [] : [{ field, message }];
  return [...own, ...(error.children ?? []).flatMap((child) => flatten(child, `${field}.`))];
}
