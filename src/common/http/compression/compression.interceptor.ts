import { pipeline } from 'node:stream';
import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  StreamableFile,
  UseInterceptors,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import { map, type Observable } from 'rxjs';
import { COMPRESSED_FROM, codingFor, compressed, compressor, type ContentCoding } from './content-coding.js';

/**
 * Marks a route whose answers are compressed for clients that take it: lists and documents. Never one that answers with a token
 * or a signed URL: their length would tell of what stands beside them.
 */
export const Compressed = () => UseInterceptors(CompressionInterceptor);

/** Compresses what a handler of a `Compressed` route gives: JSON at once, a file as it is streamed. */
@Injectable()
export class CompressionInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    response.vary('Accept-Encoding');
    const coding = codingFor(request);
    if (coding === undefined) return next.handle();
    return next
      .handle()
      .pipe(
        map((body: unknown) =>
          body instanceof StreamableFile
            ? compressedFile(body, coding, request, response)
            : compressedJson(body, coding, response),
        ),
      );
  }
}

/** HEAD has the headers of GET: the same is compressed for it, and thrown away. */
function compressedJson(body: unknown, coding: ContentCoding, response: Response): Buffer {
  const json = Buffer.from(JSON.stringify(body));
  response.type('json');
  if (json.length < COMPRESSED_FROM) return json;
  const answer = compressed(json, coding);
  response.setHeader('Content-Encoding', coding);
  return answer;
}

function compressedFile(
  file: StreamableFile,
  coding: ContentCoding,
  { method }: Request,
  response: Response,
): StreamableFile {
  response.setHeader('Content-Encoding', coding);
  // Nothing is read for HEAD.
  if (method === 'HEAD') return file;
  const stream = compressor(coding);
  // Whichever of the two fails or is left by the client, the other one ends with it.
  pipeline(file.getStream(), stream, () => undefined);
  const { type, disposition } = file.getHeaders();
  return new StreamableFile(stream, {
    ...(type !== undefined && { type }),
    ...(disposition !== undefined && { disposition }),
  }).setErrorHandler(file.errorHandler);
}
