import { EventEmitter } from 'node:events';
import { describe, expect, it, jest } from '@jest/globals';
import type { Request, Response } from 'express';
import { UnavailableError } from '../../errors/domain-errors.js';
import { ArrivingRequests } from './arriving-requests.js';

/** Sends a request through the middleware. */
function send(arriving: ArrivingRequests, ip: string, headers: object = { 'content-length': '9' }) {
  const [socket, next] = [new EventEmitter(), jest.fn<(error?: unknown) => void>()];
  const request = Object.assign(new EventEmitter(), { ip, headers, socket, unpipe() {}, pause() {} });
  const response = Object.assign(new EventEmitter(), { setHeader: jest.fn(), end: jest.fn() });
  arriving.middleware(request as unknown as Request, response as unknown as Response, next);
  const [error] = next.mock.calls[0] ?? [];
  return { error, let: error === undefined, request, response, socket };
}

describe('ArrivingRequests', () => {
  it('lets an eighth of all arrive from one client, and as many from another', () => {
    const arriving = new ArrivingRequests(16);
    expect([1, 2, 3].map(() => send(arriving, '192.0.2.1').let)).toEqual([true, true, false]);
    expect([1, 2, 3].map(() => send(arriving, '2001:db8::1').let)).toEqual([true, true, false]);
    // The same /64.
    expect(send(arriving, '2001:db8::2').let).toBe(false);
    expect(send(arriving, '192.0.2.1').error).toBeInstanceOf(UnavailableError);
  });

  it('lets as many arrive in all as told', () => {
    const arriving = new ArrivingRequests(8);
    const sent = Array.from({ length: 10 }, (_, i) => send(arriving, `192.0.2.${i}`));
    expect(sent.map((one) => one.let)).toEqual([...Array<boolean>(8).fill(true), false, false]);
    expect(sent[9]?.response.setHeader).toHaveBeenCalledWith('Connection', 'close');
  });

  it.each([
    ['all of it is there', ({ request }: ReturnType<typeof send>) => request.emit('end')],
    ['it is answered before', ({ response }: ReturnType<typeof send>) => response.emit('close')],
    ['the client leaves', ({ socket }: ReturnType<typeof send>) => socket.emit('close')],
  ])('counts a request no more when %s, and once', (_when, over) => {
    const arriving = new ArrivingRequests(8);
    const first = send(arriving, '192.0.2.1');
    expect(send(arriving, '192.0.2.1').let).toBe(false);
    over(first);
    first.request.emit('end');
    first.socket.emit('close');
    expect(send(arriving, '192.0.2.1').let).toBe(true);
    expect(send(arriving, '192.0.2.1').let).toBe(false);
  });

  it.each([[{}], [{ 'content-length': '0' }]])('does not count a request without a body (%j)', (headers) => {
    const arriving = new ArrivingRequests(8);
    for (let i = 0; i < 20; i++) expect(send(arriving, '192.0.2.1', headers).let).toBe(true);
    expect(send(arriving, '192.0.2.1', { 'transfer-encoding': 'chunked' }).let).toBe(true);
    expect(send(arriving, '192.0.2.1').let).toBe(false);
  });

  it('lets any number arrive where there is no bound', () => {
    const arriving = new ArrivingRequests(0);
    for (let i = 0; i < 1000; i++) expect(send(arriving, '192.0.2.1').let).toBe(true);
  });
});
