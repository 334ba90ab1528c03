/** Calls of the Lambda Runtime API, version 2018-06-01. */
import { Agent, request } from 'node:http';

const [hostname, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const BASE = '/2018-06-01/runtime';

/** One connection that is kept: the call for the next invocation may wait for hours on it. */
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** Options of a request to `path` for `http.request`. */
export function requestTo(method, path, headers = {}) {
  return { agent, hostname, port, method, path: BASE + path, headers };
}

/** Waits until there is an invocation. */
export async function nextInvocation() {
  return call('GET', '/invocation/next');
}

/** Posts the result of a handler as JSON; a refusal is logged, as the managed runtime does, and the next invocation taken. */
export async function postResponse(requestId, result) {
  const { status, body } = await call('POST', `/invocation/${requestId}/response`, {
    body: serialize(result),
  });
  if (status >= 300) {
    process.stderr.write(
      `[ERROR] [${Date.now()}] LAMBDA_RUNTIME Failed to post handler success response. Http response code: ${status}. ${body}\n`,
    );
  }
}

/** Posts the error of an invocation. */
export async function postError(requestId, error) {
  await post(`/invocation/${requestId}/error`, error);
}

/** Posts an error from before the first invocation. */
export async function postInitError(error) {
  await post('/init/error', error);
}

async function post(path, error) {
  await call('POST', path, {
    body: JSON.stringify(error),
    headers: { 'Lambda-Runtime-Function-Error-Type': error.errorType },
  });
}

function serialize(result) {
  try {
    return JSON.stringify(result === undefined ? null : result);
  } catch {
    throw new Error('Unable to stringify response body');
  }
}

async function call(method, path, { body, headers } = {}) {
  return new Promise((resolve, reject) => {
    const sent = request(
      requestTo(method, path, {
        ...(body !== undefined && {
          'Content-Type': 'application/json',
          'Content-Length': Buffer.byteLength(body),
        }),
        ...headers,
      }),
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => (text += chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode, headers: response.headers, body: text }),
        );
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}
