/** The stream that a handler writes its answer to: the body of a chunked POST to the Runtime API. */
import { request } from 'node:http';
import { InvalidStreamingOperation } from './errors.mjs';
import { requestTo } from './runtime-api.mjs';

const ERROR_TYPE = 'Lambda-Runtime-Function-Error-Type';
const ERROR_BODY = 'Lambda-Runtime-Function-Error-Body';

/** What a handler sees of the request beneath: a writable stream and no more. */
const METHODS = [
  ...['cork', 'destroy', 'end', 'uncork', 'write'],
  ...['addListener', 'on', 'once', 'prependListener', 'prependOnceListener', 'off', 'removeListener'],
  ...['removeAllListeners', 'setMaxListeners', 'getMaxListeners', 'listeners', 'rawListeners'],
  ...['listenerCount', 'eventNames', 'emit', 'setContentType'],
];
const SETTABLE = ['destroyed', '_onBeforeFirstWrite'];
const READABLE = [
  ...['writable', 'writableFinished', 'writableObjectMode', 'writableEnded', 'writableNeedDrain'],
  ...['writableHighWaterMark', 'writableCorked', 'writableLength'],
];

/**
 * Opens the answer of an invocation.
 *
 * @returns the stream for the handler; `answered`, settled when the Runtime API has taken the whole answer; and `fail`, which
 *   ends it with an error in the trailers
 */
export function createResponseStream(requestId) {
  let sent;
  const answered = new Promise((resolve, reject) => {
    sent = request(
      requestTo('POST', `/invocation/${requestId}/response`, {
        'Lambda-Runtime-Function-Response-Mode': 'streaming',
        Trailer: [ERROR_TYPE, ERROR_BODY],
        'Content-Type': 'application/octet-stream',
        'Transfer-Encoding': 'chunked',
      }),
      (response) => {
        response.on('error', reject);
        response.on('end', resolve);
        response.resume();
      },
    );
    sent.on('error', reject);
  });
  // Awaited only where the handler succeeds.
  answered.catch(() => undefined);
  prepareWrites(sent);
  return { stream: facadeOf(sent), answered, fail: (error) => endWith(sent, error) };
}

/** The first write sends what was set before it; JSON is made of what is neither text nor bytes. */
function prepareWrites(sent) {
  const write = sent.write.bind(sent);
  let started = false;
  sent.setContentType = (contentType) => {
    if (started) throw new InvalidStreamingOperation('Cannot set content-type, too late.');
    sent.setHeader('Content-Type', contentType);
  };
  sent.write = (chunk, encoding, callback) => {
    if (!started) sent._onBeforeFirstWrite?.((prelude) => write(prelude));
    started = true;
    const data = typeof chunk === 'string' || chunk instanceof Uint8Array ? chunk : JSON.stringify(chunk);
    return write(data, encoding, callback);
  };
}

function facadeOf(sent) {
  const stream = {};
  for (const method of METHODS) stream[method] = sent[method].bind(sent);
  for (const name of [...SETTABLE, ...READABLE]) {
    Object.defineProperty(stream, name, {
      get: () => sent[name],
      ...(SETTABLE.includes(name) && { set: (value) => void (sent[name] = value) }),
    });
  }
  return stream;
}

async function endWith(sent, error) {
  if (sent.destroyed || sent.writableFinished) return;
  sent.addTrailers({
    [ERROR_TYPE]: error.errorType,
    [ERROR_BODY]: Buffer.from(JSON.stringify(error)).toString('base64'),
  });
  await new Promise((resolve) => sent.end(resolve));
}

/** `awslambda.HttpResponseStream`: an answer with a status and headers of its own, in a prelude before the body. */
export class HttpResponseStream {
  /** Sets the prelude `{ statusCode, headers, cookies }`, which goes out with the first write and with no `end` alone. */
  static from(stream, prelude) {
    stream.setContentType('application/vnd.awslambda.http-integration-response');
    const text = JSON.stringify(prelude);
    stream._onBeforeFirstWrite = (write) => {
      write(text);
      write(new Uint8Array(8));
    };
    return stream;
  }
}
