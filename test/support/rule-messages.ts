import { validateSync } from 'class-validator';

/** The messages of a decorator for a value of the field `thing`. */
export function messages(decorator: PropertyDecorator, value: unknown): string[] {
  class Holder {
    thing: unknown = value;
  }
  decorator(Holder.prototype, 'thing');
  return validateSync(new Holder()).flatMap((error) => Object.values(error.constraints ?? {}));
}
