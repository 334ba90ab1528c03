import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { UnsentResponses } from './unsent-responses.js';

const MIB = 1024 * 1024;

class FakeSocket extends EventEmitter {
  writableLength = 0;
  destroyed = false;
  readonly resetAndDestroy = jest.fn(() => void (this.destroyed = true));
}

describe('UnsentResponses', () => {
  let onReset: jest.Mock<() => void>;
  let unsent: UnsentResponses;

  beforeEach(() => {
    onReset = jest.fn<() => void>();
    unsent = new UnsentResponses(3, onReset);
  });

  function hold(mib: number, socket = new FakeSocket(), of = unsent): FakeSocket {
    socket.writableLength += mib * MIB;
    of.written(socket as unknown as Socket);
    return socket;
  }
  const areReset = (...sockets: FakeSocket[]) => sockets.map(({ destroyed }) => destroyed);

  it('resets nobody as long as all together hold no more than the bound', () => {
    const sockets = [hold(1), hold(1), hold(1)];
    expect(areReset(...sockets)).toEqual([false, false, false]);
  });

  it('resets those that hold their bytes for the longest, and no more of them than it has to', () => {
    const sockets = [hold(1), hold(1), hold(1), hold(1)];
    expect(areReset(...sockets)).toEqual([true, false, false, false]);
    expect(onReset).toHaveBeenCalledTimes(1);
    expect(areReset(hold(2), ...sockets.slice(1))).toEqual([false, true, true, false]);
  });

  it('resets one that has taken something after those that have not', () => {
    const [first, second] = [hold(1), hold(1)];
    first.writableLength -= MIB / 2;
    hold(2);
    expect(areReset(first, second)).toEqual([false, true]);
  });

  it('counts what is taken no more, and begins anew with what comes after', () => {
    const first = hold(2);
    first.writableLength = 0;
    first.emit('drain');
    const second = hold(1);
    hold(1, first);
    expect(areReset(first, second)).toEqual([false, false]);
    hold(1.5);
    expect(areReset(first, second)).toEqual([false, true]);
  });

  it('forgets a connection that is gone, and listens to one however much it is given only once', () => {
    const gone = hold(3);
    gone.emit('close');
    const other = hold(1);
    for (let i = 0; i < 20; i++) hold(0.05, other);
    expect(areReset(gone, other)).toEqual([false, false]);
    expect(other.listenerCount('drain')).toBe(1);
    expect(other.listenerCount('close')).toBe(1);
  });

  it('has no bound where there is none', () => {
    const unlimited = new UnsentResponses(0);
    expect(areReset(hold(500, new FakeSocket(), unlimited))).toEqual([false]);
  });
});
