import { describe, expect, it } from '@jest/globals';
import { EmailSightings } from './email-sightings.js';

const email = (n: number) => `user${n}@example.com`;

describe('EmailSightings', () => {
  it('tells emails that were seen twice or more from those seen once or never', () => {
    const sightings = new EmailSightings();
    for (const n of [1, 2, 3, 2, 3, 3]) sightings.note(email(n));
    expect([0, 1, 2, 3].map((n) => sightings.isRepeated(email(n)))).toEqual([false, false, true, true]);
  });

  it('takes none of 50,000 emails for another one, and misses no repeated one', () => {
    const sightings = new EmailSightings();
    for (let n = 0; n < 50_000; n++) sightings.note(email(n));
    for (let n = 0; n < 50_000; n += 100) sightings.note(email(n));
    const repeated = Array.from({ length: 50_000 }, (_, n) => n).filter((n) =>
      sightings.isRepeated(email(n)),
    );
    expect(repeated).toEqual(Array.from({ length: 500 }, (_, n) => n * 100));
  });
});
