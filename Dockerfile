# The service and its commands, and nothing that only development needs. Works on Node 20 too.
FROM node:24-bookworm-slim AS build
WORKDIR /app
# Before the sources, so that a change of those installs nothing anew. The lock file also names the local engines.
COPY package.json package-lock.json .npmrc ./
COPY scripts/local-engines/package.json scripts/local-engines/
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/preflight.cjs scripts/
COPY scripts/bundle scripts/bundle
COPY src src
# TypeScript is also an optional peer of @nestjs/swagger, for a compiler plugin that is not in use: npm keeps it unless it leaves out
# all that is optional, which the faster engine of password hashes is too.
RUN npm run build && npm prune --omit=dev && \
    rm -r node_modules/typescript node_modules/.bin/tsc node_modules/.bin/tsserver

FROM node:24-bookworm-slim AS runtime
WORKDIR /app
# As `npm run start:prod` sets them: memory of password hashes goes back to the system, the heap stays small, and
# nothing is made old before it is. Nothing is written either, so that there is no cache of compiled code.
ENV NODE_ENV=production \
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true \
    NODE_DISABLE_COMPILE_CACHE=1 \
    MALLOC_MMAP_THRESHOLD_=1048576 \
    GLIBC_TUNABLES=glibc.malloc.hugetlb=1
COPY package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
# What `npm run tables` and its like begin with.
COPY scripts/preflight.cjs scripts/
# Owns none of the files, so that it can change none.
USER node
EXPOSE 3000
STOPSIGNAL SIGTERM
# Bash opens the connection itself: a Node process every 10 s would cost more than the service does while it is idle.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/${PORT:-3000} && printf 'GET /api/health/live HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r -t 2 _ status _ <&3 && [ \"$status\" = 200 ]"]
CMD ["node", "--import", "./dist/early-stop.js", "--enable-source-maps", "--max-semi-space-size=8", "--max-old-space-size=192", "--no-allocation-site-pretenuring", "dist/start.js"]
