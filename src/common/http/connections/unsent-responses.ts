import type { Socket } from 'node:net';

const MIB = 1024 * 1024;

/**
 * Bounds what is held in memory of answers that clients do not read. One connection holds one answer at most (see
 * `answerInOrder`); where all of them hold more than the bound, those are reset that have taken nothing for the longest.
 */
export class UnsentResponses {
  /** Bytes of each connection that holds any, as last seen; those without progress for the longest come first. */
  private readonly held = new Map<Socket, number>();
  private readonly known = new WeakSet<Socket>();
  private total = 0;

  private readonly max: number;

  /**
   * @param maxMib in one process; 0 for any number
   * @param onReset is told of each connection that is reset
   */
  constructor(
    maxMib: number,
    private readonly onReset: () => void = () => undefined,
  ) {
    this.max = maxMib === 0 ? Infinity : maxMib * MIB;
  }

  /** A part of an answer was given to a connection. */
  written(socket: Socket): void {
    const bytes = socket.writableLength;
    // Taken by the operating system already, as nearly always.
    if (bytes === 0 || socket.destroyed) return;
    this.note(socket, bytes);
    if (!this.known.has(socket)) {
      this.known.add(socket);
      const free = () => this.note(socket, 0);
      socket.on('drain', free).once('close', free);
    }
    if (this.total > this.max) this.makeRoom();
  }

  private note(socket: Socket, bytes: number): void {
    this.total += bytes - (this.held.get(socket) ?? 0);
    if (bytes === 0) this.held.delete(socket);
    else this.held.set(socket, bytes);
  }

  private makeRoom(): void {
    for (const [socket, bytes] of [...this.held]) {
      const left = socket.writableLength;
      if (left === bytes) continue;
      // It takes some: the last to be reset.
      this.note(socket, 0);
      if (left > 0) this.note(socket, left);
    }
    for (const socket of this.held.keys()) {
      if (this.total <= this.max) return;
      this.note(socket, 0);
      socket.resetAndDestroy();
      this.onReset();
    }
  }
}
