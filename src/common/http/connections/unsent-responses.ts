import type { Socket } from 'node:net';

const MIB = 1024 * 1024;

/**
 * Limits the memory that unread responses occupy. One connection holds one response at most (see `answerInOrder`). If
 * all together exceed the limit, the connections that have read nothing for the longest time are reset.
 */
export class UnsentResponses {
  /**
   * Unsent bytes of each connection at the last check. Connections without progress for the longest time come first.
   */
  private readonly held = new Map<Socket, number>();
  private readonly known = new WeakSet<Socket>();
  private total = 0;

  private readonly max: number;

  /**
   * @param maxMib in one process; 0 for no limit
   * @param onReset called for each connection that is reset
   */
  constructor(
    maxMib: number,
    private readonly onReset: () => void = () => undefined,
  ) {
    this.max = maxMib === 0 ? Infinity : maxMib * MIB;
  }

  /** A part of a response was written to a connection. */
  written(socket: Socket): void {
    const bytes = socket.writableLength;
    // The operating system has taken everything already, as almost always.
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
      // The client is reading: this connection is reset last.
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
