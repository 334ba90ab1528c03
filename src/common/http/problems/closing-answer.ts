import type { Request, Response } from 'express';

/** How long a client that is still sending can read the answer before the connection is closed. */
export const LINGER_MS = 300;

/**
 * Makes the answer to an incomplete request the last one of its connection, and stops reading the request. The complete
 * answer is sent at once and ended a little later: Node then closes the connection, and unread bytes turn that into a
 * reset, which discards what the client has not read yet.
 */
export function closeWithAnswer(request: Request, response: Response): void {
  request.unpipe();
  request.pause();
  // The body parser, and Node after the answer, would read the rest of it.
  request.resume = () => request;
  if (response.headersSent) return;
  response.setHeader('Connection', 'close');
  const end = response.end.bind(response);
  response.end = ((chunk?: unknown, encoding?: BufferEncoding) => {
    response.end = end;
    if (Buffer.isBuffer(chunk) || typeof chunk === 'string') response.write(chunk, encoding ?? 'utf8');
    else response.flushHeaders();
    setTimeout(() => end(), LINGER_MS);
    return response;
  }) as Response['end'];
}
