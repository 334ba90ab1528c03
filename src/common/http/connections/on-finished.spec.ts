import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it, jest } from '@jest/globals';
import type { Response } from 'express';
import { onAnswered, onFinished } from './on-finished.js';

function exchangeOn(socket: EventEmitter) {
  const response = new EventEmitter();
  const callback = jest.fn();
  onFinished({ socket: socket as Socket }, response as unknown as Response, callback);
  return { response, callback };
}

describe('onFinished', () => {
  it('calls back once when the response is closed, and not again with the connection', () => {
    const socket = new EventEmitter();
    const { response, callback } = exchangeOn(socket);
    response.emit('close');
    socket.emit('close');
    expect(callback).toHaveBeenCalledTimes(1);
  });

  it('calls back for every request that waits when the connection goes, with one listener on it', () => {
    const socket = new EventEmitter();
    const exchanges = Array.from({ length: 20 }, () => exchangeOn(socket));
    expect(socket.listenerCount('close')).toBe(1);
    socket.emit('close');
    for (const { callback } of exchanges) expect(callback).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['the connection is gone', { destroyed: true }, {}],
    ['the response is closed', {}, { closed: true }],
  ])(
    'calls back at once, and once, where %s already: no event tells it any more',
    (_case, socket, response) => {
      const callback = jest.fn();
      const [connection, answer] = [
        Object.assign(new EventEmitter(), socket),
        Object.assign(new EventEmitter(), response),
      ];
      onFinished({ socket: connection as unknown as Socket }, answer as unknown as Response, callback);
      expect(callback).toHaveBeenCalledTimes(1);
      connection.emit('close');
      answer.emit('close');
      expect(callback).toHaveBeenCalledTimes(1);
    },
  );

  it('does so for requests that come after others were over', () => {
    const socket = new EventEmitter();
    exchangeOn(socket).response.emit('close');
    const { callback } = exchangeOn(socket);
    expect(callback).not.toHaveBeenCalled();
    socket.emit('close');
    expect(callback).toHaveBeenCalledTimes(1);
  });
});

describe('onAnswered', () => {
  function exchange() {
    const end = jest.fn();
    const response = Object.assign(new EventEmitter(), { end });
    const callback = jest.fn();
    const socket = new EventEmitter() as Socket;
    onAnswered({ socket }, response as unknown as Response, callback);
    return { response, socket, end, callback };
  }

  it('calls back when the answer is there, however long the client takes it, and once', () => {
    const { response, socket, end, callback } = exchange();
    expect(callback).not.toHaveBeenCalled();
    response.end('the answer', 'utf8');
    expect(callback).toHaveBeenCalledTimes(1);
    expect(end.mock.calls).toEqual([['the answer', 'utf8']]);
    response.emit('close');
    socket.emit('close');
    expect(callback).toHaveBeenCalledTimes(1);
  });

  it('calls back when the client leaves before', () => {
    const { socket, callback } = exchange();
    socket.emit('close');
    expect(callback).toHaveBeenCalledTimes(1);
  });
});
