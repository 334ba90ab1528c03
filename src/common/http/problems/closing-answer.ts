import type { Request, Response } from 'express';

/** How long a client that is still sending has to read the answer, before closing the connection takes it away. */
export const LINGER_MS = 300;

/**
 * Makes the answer to a request that has not all come the last one of its connection, and reads no more of the request.
 * The answer is sent whole at once and ended a little later: Node closes the connection then, and bytes that nobody read
 * make that a reset, which takes away what the client has not read yet.
 */
export function closeWithAnswer(request: Request, response: Response): void {
  request.unpipe();
  request.pause();
  // Whoever parses the body, and Node when the answer is through, would read the rest of it.
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
