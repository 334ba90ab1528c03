import { AsyncResource } from 'node:async_hooks';
import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import type { NextFunction, Request, Response } from 'express';
import { hasBody } from './body-limit.js';

/** An operation that takes a body. */
interface BodyRoute {
  readonly method: string;
  readonly path: RegExp;
}

/** The operations that take a body: those whose handler has a parameter with `@Body()`. */
export class BodyRoutes {
  private readonly routes: readonly BodyRoute[];

  /** @param prefix of all paths, without slashes */
  constructor(modules: ModulesContainer, prefix: string) {
    const scanner = new MetadataScanner();
    const controllers = [...modules.values()].flatMap((module) => [...module.controllers.values()]);
    this.routes = controllers.flatMap(({ metatype }) => {
      if (typeof metatype !== 'function') return [];
      const { prototype } = metatype as { prototype: Record<string, object> };
      return scanner
        .getAllMethodNames(prototype)
        .filter((name) => takesBody(metatype, name))
        .map((name) => routeOf(prefix, metatype, prototype[name] as object));
    });
  }

  /** Whether the requested operation takes a body. False if there is no such operation. */
  takesBody({ method, path }: Pick<Request, 'method' | 'path'>): boolean {
    return this.routes.some((route) => route.method === method && route.path.test(path));
  }

  /**
   * Express middleware before everything that reads bodies: reads and discards the body of an operation that takes
   * none, whatever its content. Proxies send an empty chunked body, and some clients send `null`.
   */
  readonly ignoreOthers = (request: Request, _response: Response, next: NextFunction): void => {
    if (!hasBody(request) || this.takesBody(request)) {
      next();
      return;
    }
    // Continues when the body is complete, so that the request has the same limits as any other and is whole when it is
    // served.
    request.once('end', AsyncResource.bind(next as () => void));
    request.resume();
  };
}

function takesBody(controller: object, name: string): boolean {
  const parameters = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) ?? {}) as object;
  return Object.keys(parameters).some((key) => key.startsWith(`${RouteParamtypes.BODY}:`));
}

function routeOf(prefix: string, controller: object, handler: object): BodyRoute {
  const path = [controller, handler]
    .map((part) => String(Reflect.getMetadata(PATH_METADATA, part) ?? ''))
    .reduce((start, part) => `${start}/${part}`, `/${prefix}`)
    .replace(/\/+/g, '/')
    .replace(/\/$/, '');
  return {
    method: RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler) as number] ?? '',
    // As Express matches: case-insensitive, with or without a trailing slash.
    path: new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}/?$`, 'i'),
  };
}
