import cluster, { type Worker } from 'node:cluster';
import promClient, { type MetricObject, type Registry } from 'prom-client';

const ASKED = 'metrics-asked';
const GIVEN = 'metrics-given';
/** What takes longer is left out; scrapers wait for ten seconds at most. Milliseconds. */
const LIMIT_MS = 4_000;

interface Message {
  readonly type?: unknown;
  readonly id?: unknown;
  readonly metrics?: MetricObject[];
}

let lastId = 0;

/** Gives the parent the metrics of this worker when it asks. */
export function giveMetrics(registry: Registry): void {
  process.on('message', (message: Message) => {
    if (message.type !== ASKED) return;
    registry
      .getMetricsAsJSON()
      .then((metrics) => {
        const answer = { type: GIVEN, id: message.id, metrics };
        if (process.connected) process.send?.(answer, undefined, undefined, () => undefined);
      })
      // The parent goes on without them.
      .catch(() => undefined);
  });
}

/**
 * The metrics of all workers together, of those that give theirs in time: one that ends or hangs meanwhile is left out.
 *
 * @throws Error where none does
 */
export async function metricsOfWorkers(): Promise<string> {
  const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker?.isConnected());
  const given = await Promise.all(workers.map((worker) => metricsOf(worker as Worker)));
  const present = given.filter((metrics) => metrics !== undefined);
  if (present.length === 0) throw new Error('No worker gave its metrics');
  return promClient.AggregatorRegistry.aggregate(present).metrics();
}

function metricsOf(worker: Worker): Promise<MetricObject[] | undefined> {
  const id = ++lastId;
  return new Promise((resolve) => {
    const end = (metrics?: MetricObject[]) => {
      clearTimeout(timer);
      worker.off('message', listen);
      worker.off('disconnect', leave);
      resolve(metrics);
    };
    const listen = (message: Message) => {
      if (message.type === GIVEN && message.id === id) end(message.metrics);
    };
    const leave = () => end();
    const timer = setTimeout(leave, LIMIT_MS);
    worker.on('message', listen);
    worker.on('disconnect', leave);
    worker.send({ type: ASKED, id }, (error) => error && leave());
  });
}
