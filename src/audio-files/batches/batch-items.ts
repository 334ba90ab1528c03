import { Injectable } from '@nestjs/common';
import { AuditLog } from '../../audit/audit-log.js';
import {
  AccessDeniedError,
  DeploymentError,
  DomainError,
  UnavailableError,
  ValidationError,
} from '../../common/errors/domain-errors.js';
import { problemOf } from '../../common/http/problems/problem-of.js';
import type { ProblemDto } from '../../common/http/problems/problem.js';
import { Logger } from '../../common/logging/logger.js';
import { outcomeOf, type Outcome } from '../../common/outcome.js';
import { currentRequest } from '../../common/request-context.js';
import { RequestValidationPipe } from '../../common/validation/validation.pipe.js';

/** The result of one item of a batch, as it is sent. */
export interface BatchResult<Body> {
  readonly status: number;
  readonly audio_file?: Body;
  readonly problem?: ProblemDto;
}

/** What an item of a batch has in common with a single request: it is validated, answered and logged. */
@Injectable()
export class BatchItems {
  private readonly validation = new RequestValidationPipe();

  constructor(
    private readonly logger: Logger,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Validates each item independently.
   *
   * @param list name of the list, for the names of fields: `items.3.s3_key`
   * @returns the item as its DTO, or its validation error
   */
  async validated<Dto>(list: string, items: readonly unknown[], dto: new () => Dto): Promise<Outcome<Dto>[]> {
    return Promise.all(
      items.map(async (item, n) => {
        const field = `${list}.${n}`;
        if (typeof item !== 'object' || item === null || Array.isArray(item)) {
          return new ValidationError([{ field, message: `${field} must be a JSON object` }]);
        }
        const outcome = await outcomeOf(
          () => this.validation.transform(item, { type: 'body', metatype: dto }) as Promise<Dto>,
        );
        return outcome instanceof ValidationError ? below(field, outcome) : outcome;
      }),
    );
  }

  /**
   * The results of a batch. Errors are logged as those of single requests are.
   *
   * @param instance path of the request
   * @param succeeded status and body of a success
   */
  answers<T, Body>(
    instance: string,
    outcomes: readonly Outcome<T>[],
    succeeded: (outcome: T) => { status: number; audio_file: Body },
  ): BatchResult<Body>[] {
    const undone = outcomes.filter((outcome) => outcome instanceof UnavailableError);
    if (undone[0]) {
      const fields = { err: undone[0].cause ?? undone[0], items: outcomes.length, undone: undone.length };
      const remedy = undone[0] instanceof DeploymentError ? { remedy: undone[0].remedy } : {};
      this.logger.warn({ ...fields, ...remedy }, 'a batch was done in part');
    }
    return outcomes.map((outcome) => {
      if (!(outcome instanceof DomainError)) return succeeded(outcome);
      if (outcome instanceof AccessDeniedError) {
        const userId = currentRequest()?.userId;
        this.audit.record('access-denied', {
          reason: 'not-owner',
          route: instance,
          ...(userId !== undefined && { user_id: userId }),
        });
      }
      const problem = problemOf(outcome, instance);
      return { status: problem.status, problem };
    });
  }
}

function below(path: string, { errors: [first, ...rest] }: ValidationError): ValidationError {
  const moved = ({ field, message }: typeof first) => ({ field: `${path}.${field}`, message });
  return new ValidationError([moved(first), ...rest.map(moved)]);
}
