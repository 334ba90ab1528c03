import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { OLDER_PASSWORD, putOlderUser } from '../support/older-backend.js';
import { expectProblem } from '../support/problems.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const REQUESTS = 100;

describe('one account for an email', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp();
  });

  afterAll(() => app.close());

  /** Every row that has to do with this email. */
  async function rowsOf(email: string): Promise<Record<string, unknown>[]> {
    const { Items = [] } = await app.rows.send(
      new ScanCommand({ TableName: app.config.tables.users, ConsistentRead: true }),
    );
    return Items.filter((row) => JSON.stringify(row).toLowerCase().includes(email));
  }

  it('makes one account of 100 simultaneous registrations in different spellings', async () => {
    const email = `race.${randomUUID()}@example.com`;
    const spellings = [
      email,
      email.toUpperCase(),
      `  ${email}`,
      `${email}\t`,
      `\n${email.replace('r', 'R')} `,
    ];
    const passwords = Array.from({ length: REQUESTS }, (_, i) => `password number ${i}`);

    const answers = await Promise.all(
      passwords.map(async (password, i) =>
        app.http.post('/api/register').send({ email: spellings[i % spellings.length], password }),
      ),
    );

    const winners = answers.filter(({ status }) => status === 201);
    expect(winners).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      expectProblem(answer, {
        status: answer.status,
        detail: answer.status === 503 ? 'The service is temporarily unavailable' : 'User already exists',
        instance: '/api/register',
      });
      expect([409, 503]).toContain(answer.status);
    }
    const userId = winners[0]?.body.user_id as string;
    const rows = await rowsOf(email);
    expect(rows).toHaveLength(2);
    expect(rows).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ user_id: userId, email }),
        { user_id: `email#${email}`, owner_id: userId },
      ]),
    );

    const password = passwords[answers.findIndex(({ status }) => status === 201)];
    const { body } = await app.http.post('/api/login').send({ email, password }).expect(200);
    expect(body).toEqual({ ...winners[0]?.body, token: expect.any(String) });
  });

  it('refuses the email of an account of the older backend, which has no claim', async () => {
    const { email, user_id } = await putOlderUser(app);

    const answer = await app.http
      .post('/api/register')
      .send({ email: email.toUpperCase(), password: 'another password' });

    expectProblem(answer, { status: 409, detail: 'User already exists', instance: '/api/register' });
    expect(await rowsOf(email)).toEqual([expect.objectContaining({ user_id, email })]);
    await app.http.post('/api/login').send({ email, password: OLDER_PASSWORD }).expect(200);
  });
});
