import { once } from 'node:events';
import type { Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Express, Request, Response } from 'express';
import supertest from 'supertest';
import { ExpressServerAdapter } from './express-server.adapter.js';

describe('ExpressServerAdapter', () => {
  let express: Express;
  let server: Server;

  beforeEach(async () => {
    const adapter = new ExpressServerAdapter();
    adapter.initHttpServer();
    express = adapter.getInstance();
    server = adapter.getHttpServer();
    express.get('/', (request: Request, response: Response) => response.json({ host: request.get('Host') }));
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });

  afterEach(() => void server.close());

  it('makes requests and responses that Express need not change', async () => {
    const prototypes: unknown[] = [];
    server.prependListener('request', (request, response) =>
      prototypes.push(Object.getPrototypeOf(request), Object.getPrototypeOf(response)),
    );
    await supertest(server).get('/').expect(200);
    expect(prototypes[0]).toBe(express.request);
    expect(prototypes[1]).toBe(express.response);
  });

  it('gives them all that Express has', async () => {
    await supertest(server).get('/').set('Host', 'example.org').expect(200, { host: 'example.org' });
  });

  it('keeps those of another application apart', () => {
    const other = new ExpressServerAdapter();
    other.initHttpServer();
    expect(other.getInstance<Express>().request).not.toBe(express.request);
    expect(express.request.app).toBe(express);
  });
});
