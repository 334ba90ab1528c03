import { describe, expect, it } from '@jest/globals';
import { Type } from 'class-transformer';
import { IsOptional, ValidateNested } from 'class-validator';
import { ValidationError } from '../errors/domain-errors.js';
import { IsText, IsWhole } from './rules.js';
import { RequestValidationPipe } from './validation.pipe.js';

class ItemDto {
  @IsText(1, 10)
  readonly name: string;
}

class OrderDto {
  @IsText(2, 10)
  @IsText(1, 5)
  readonly code: string;

  @IsWhole(1, 9)
  readonly amount: number;

  @IsOptional()
  @ValidateNested({ each: true })
  @Type(() => ItemDto)
  readonly items?: ItemDto[];
}

const pipe = new RequestValidationPipe();
const body = (value: unknown) => pipe.transform(value, { type: 'body', metatype: OrderDto });
const query = (value: unknown) => pipe.transform(value, { type: 'query', metatype: OrderDto });

/** The error that a promise rejects with. */
async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('RequestValidationPipe', () => {
  it('gives an instance of the DTO, without fields that it does not know', async () => {
    const order = await body({ code: 'abc', amount: 3, price: 0, __proto__: { admin: true } });
    expect(order).toBeInstanceOf(OrderDto);
    expect(order).toEqual({ code: 'abc', amount: 3 });
  });

  it.each([['text'], [5], [true], [null], [[]], [[{ code: 'abc', amount: 3 }]]])(
    'refuses a body that is %j as no object',
    async (value) => {
      const error = await rejection(body(value));
      expect(error).toBeInstanceOf(ValidationError);
      expect((error as ValidationError).errors).toEqual([
        { field: 'body', message: 'The request body must be a JSON object' },
      ]);
    },
  );

  it('reports the missing fields of a body that is missing', async () => {
    const error = await rejection(body(undefined));
    expect((error as ValidationError).errors).toEqual([
      { field: 'code', message: 'code is required' },
      { field: 'amount', message: 'amount must be a whole number from 1 to 9' },
    ]);
  });

  it('reports every wrong field, each with its first broken rule', async () => {
    const error = await rejection(body({ code: '', amount: 10 }));
    expect((error as ValidationError).errors).toEqual([
      { field: 'code', message: 'code must not be empty' },
      { field: 'amount', message: 'amount must be a whole number from 1 to 9' },
    ]);
    expect((error as ValidationError).message).toBe('code must not be empty');
  });

  it('names a nested field by its path', async () => {
    const error = await rejection(body({ code: 'abc', amount: 3, items: [{ name: 'a' }, { name: 4 }] }));
    expect((error as ValidationError).errors).toEqual([
      { field: 'items.1.name', message: 'name must be a string' },
    ]);
  });

  it.each([
    ['arrays', (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth))],
    [
      'objects',
      (depth: number): unknown => JSON.parse('{"a":'.repeat(depth - 1) + '{}' + '}'.repeat(depth - 1)),
    ],
  ])('refuses %s nested more than 16 deep, in fields it does not know too', async (_case, nested) => {
    const order = { code: 'abc', amount: 3 };
    await expect(body({ ...order, extra: nested(16) })).resolves.toEqual(order);
    for (const depth of [17, 20_000]) {
      const error = await rejection(body({ ...order, extra: nested(depth) }));
      expect(error).toBeInstanceOf(ValidationError);
      expect((error as ValidationError).errors).toEqual([
        { field: 'body', message: 'The request is nested too deeply' },
      ]);
    }
  });

  it('keeps the value out of the error', async () => {
    const error = await rejection(body({ code: 'marker-of-the-value', amount: 'marker-of-the-value' }));
    expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain('marker-of-the-value');
  });

  it('holds a query to its DTO too', async () => {
    await expect(query({ code: 'abc', amount: 3 })).resolves.toEqual({ code: 'abc', amount: 3 });
    const error = await rejection(query({ code: 'abc', amount: '3' }));
    expect((error as ValidationError).errors).toEqual([
      { field: 'amount', message: 'amount must be a whole number from 1 to 9' },
    ]);
  });
});
