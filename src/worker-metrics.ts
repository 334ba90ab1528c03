import cluster, { type Worker } from 'node:cluster';
import promClient, { type MetricObject, type Registry } from 'prom-client';

const ASKED = 'metrics-asked';
const GIVEN = 'metrics-given';
/** Slower workers are left out. Scrapers wait for ten seconds at most. Milliseconds. */
const LIMIT_MS = 4_000;

const COUNTS = new Set(['counter', 'histogram']);
/** Ended workers whose counters are kept separately. */
const MAX_ENDED = 10;

interface Message {
  readonly type?: unknown;
  readonly id?: unknown;
  readonly metrics?: MetricObject[];
}

let lastId = 0;

/** Sends the metrics of this worker when the parent requests them. */
export function giveMetrics(registry: Registry): void {
  process.on('message', (message: Message) => {
    if (message.type !== ASKED) return;
    registry
      .getMetricsAsJSON()
      .then((metrics) => {
        const answer = { type: GIVEN, id: message.id, metrics };
        if (process.connected) process.send?.(answer, undefined, undefined, () => undefined);
      })
      // The parent continues without them.
      .catch(() => undefined);
  });
}

/**
 * The metrics of all workers together. The counters of an ended worker stay in the sums as far as they are known, and
 * so do the last ones of a worker that hangs: Prometheus takes a decreasing counter for a restart of everything and
 * would count it twice.
 */
export class WorkerMetrics {
  private readonly serving = new Set<number>();
  /** The last metrics of the running workers, by worker id. */
  private readonly told = new Map<number, MetricObject[]>();
  /** The counters of ended workers. The first element combines several of them. */
  private readonly ended: MetricObject[][] = [];
  private isMerging = false;

  constructor() {
    // A worker that does not listen yet has counted nothing and is too busy to answer.
    cluster.on('listening', ({ id }) => this.serving.add(id));
    cluster.on('exit', ({ id }) => this.keep(id));
  }

  /**
   * In the text format of Prometheus.
   *
   * @throws Error if no worker answers in time
   */
  async collect(): Promise<string> {
    const workers = Object.values(cluster.workers ?? {}).filter(
      (worker) => worker !== undefined && worker.isConnected() && this.serving.has(worker.id),
    ) as Worker[];
    const given = await Promise.all(workers.map((worker) => metricsOf(worker)));
    if (!given.some((metrics) => metrics !== undefined)) throw new Error('No worker gave its metrics');
    const all = given.map((metrics, i) => {
      const { id } = workers[i] as Worker;
      // It has ended meanwhile and counts there.
      if (!this.serving.has(id)) return [];
      if (metrics) this.told.set(id, metrics);
      return metrics ?? countsOf(this.told.get(id) ?? []);
    });
    return promClient.AggregatorRegistry.aggregate([...all, ...this.ended]).metrics();
  }

  private keep(id: number): void {
    this.serving.delete(id);
    const last = this.told.get(id);
    this.told.delete(id);
    if (last) this.ended.push(countsOf(last));
    if (this.ended.length > MAX_ENDED && !this.isMerging) void this.merge();
  }

  /** Keeps the list from growing with each ended worker. */
  private async merge(): Promise<void> {
    this.isMerging = true;
    const { length } = this.ended;
    const merged = await promClient.AggregatorRegistry.aggregate(this.ended.slice()).getMetricsAsJSON();
    // Synchronously, so that a scrape never sees fewer.
    this.ended.splice(0, length, merged);
    this.isMerging = false;
  }
}

/** The counters only: the other metrics of a worker end with it. */
function countsOf(metrics: readonly MetricObject[]): MetricObject[] {
  return metrics.filter(({ type }) => COUNTS.has(String(type)));
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
