import { type ArgumentMetadata, Injectable, ValidationPipe } from '@nestjs/common';
import type { ValidationError as ClassValidatorError } from 'class-validator';
import { type FieldError, ValidationError } from '../errors/domain-errors.js';

/**
 * Validates bodies and queries by the decorators of their DTO. Unknown fields are dropped. Every invalid field is
 * reported with its first violated rule and without its value.
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
    // Values of our own parameter decorators (a record or the caller) do not come from a client.
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

/** Maximum nesting of objects and arrays. The deepest valid request has two levels. */
const MAX_DEPTH = 16;

/** Transformation and validation recurse and would overflow the stack. */
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
