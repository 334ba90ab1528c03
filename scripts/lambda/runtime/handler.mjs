/** Finds the handler that `_HANDLER` names, `module.export` under `LAMBDA_TASK_ROOT`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { HandlerNotFound, ImportModuleError, UserCodeSyntaxError } from './errors.mjs';
import { HttpResponseStream } from './response-stream.mjs';

/** Where `awslambda.streamifyResponse` leaves its mark on a handler. */
export const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');

/**
 * Loads the module and returns its handler.
 *
 * @throws ImportModuleError, HandlerNotFound, UserCodeSyntaxError, or what the module throws
 */
export async function loadHandler() {
  globalThis.awslambda = {
    streamifyResponse: (handler) => Object.assign(handler, { [STREAMING]: 'response' }),
    HttpResponseStream,
  };
  const [module, name] = split(process.env._HANDLER);
  const handler = (await load(module))[name];
  if (typeof handler === 'function') return handler;
  const fault = handler === undefined ? 'undefined or not exported' : 'not a function';
  throw new HandlerNotFound(`${process.env._HANDLER} is ${fault}`);
}

function split(handler) {
  const dot = handler.lastIndexOf('.');
  return [handler.slice(0, dot), handler.slice(dot + 1)];
}

async function load(module) {
  const path = join(process.env.LAMBDA_TASK_ROOT, module);
  const file = ['.js', '.mjs', '.cjs'].map((extension) => path + extension).find(existsSync);
  if (file === undefined) throw new ImportModuleError(`Error: Cannot find module '${module}'`);
  try {
    return await import(pathToFileURL(file).href);
  } catch (error) {
    if (error instanceof SyntaxError) throw new UserCodeSyntaxError(error.message);
    throw error;
  }
}
