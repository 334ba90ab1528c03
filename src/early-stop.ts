/**
 * Ends the process on SIGTERM, SIGINT and SIGHUP while the service is still being loaded (`node --import`, before anything else): the
 * first process of a container gets no signal that it has no handler for, and would be killed a whole grace period later.
 * Once the service has handlers of its own they alone count.
 */
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) process.exit(0);
  });
}
