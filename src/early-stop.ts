/**
 * Ends the process on SIGTERM, SIGINT and SIGHUP while the service is still being loaded (`node --import`, before
 * anything else). The first process of a container receives no signal without a handler, and would be killed a whole
 * grace period later. When the service has its own handlers, only those apply.
 */
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) process.exit(0);
  });
}
