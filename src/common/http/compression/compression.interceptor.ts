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
 * Marks a route whose responses are compressed: lists and documents. Never a route that returns a token or a signed
 * URL: the compressed length would leak parts of it.
 */
export const Compressed = () => UseInterceptors(CompressionInterceptor);

/** Compresses the result of a handler of a `Compressed` route: JSON in one piece, a file as a stream. */
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

/** HEAD has the headers of GET. The body is compressed for it too, and discarded. */
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
  // The file is not read for HEAD.
  if (method === 'HEAD') return file;
  const stream = compressor(coding);
  // If one stream fails or the client disconnects, the other stream ends too.
  pipeline(file.getStream(), stream, () => undefined);
  const { type, disposition } = file.getHeaders();
  return new StreamableFile(stream, {
    ...(type !== undefined && { type }),
    ...(disposition !== undefined && { disposition }),
  }).setErrorHandler(file.errorHandler);
}
