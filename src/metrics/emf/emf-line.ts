/**
 * Lines in the embedded metric format of CloudWatch:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */

/** The most values of a metric in a line, by the specification. */
export const MAX_VALUES = 100;

const NAMESPACE = 'DecisionData';

/** Every metric with its unit. Each is billed, so that all else is a property of the line. */
export const METRIC_UNITS = {
  Requests: 'Count',
  ServerErrors: 'Count',
  ClientErrors: 'Count',
  Throttled: 'Count',
  Latency: 'Milliseconds',
  DynamoDBCalls: 'Count',
  DynamoDBFailures: 'Count',
  ReadUnits: 'Count',
  WriteUnits: 'Count',
  S3Calls: 'Count',
  S3Failures: 'Count',
  Registrations: 'Count',
  Logins: 'Count',
  Uploads: 'Count',
  Downloads: 'Count',
  FilesCreated: 'Count',
  FilesDeleted: 'Count',
  AccountsDeleted: 'Count',
} as const;

export type MetricName = keyof typeof METRIC_UNITS;

/** Values of a line: a sum, or up to {@link MAX_VALUES} single values. */
export type MetricValues = Partial<Record<MetricName, number | readonly number[]>>;

/**
 * One line, without a line end. Metrics that are 0 are left out. The only dimension is the service: each further value of
 * a dimension would be billed as a metric of its own.
 *
 * @param service value of the dimension
 * @param properties for queries of the log; not billed as metrics. Names in lower case cannot be those of metrics
 */
export function emfLine(service: string, values: MetricValues, properties: object): string {
  const counted = Object.entries(values).filter(([, value]) => value !== 0);
  const metrics = counted.map(([name]) => ({ Name: name, Unit: METRIC_UNITS[name as MetricName] }));
  const directive = { Namespace: NAMESPACE, Dimensions: [['service']], Metrics: metrics };
  return JSON.stringify({
    // A line of properties alone is no metric.
    ...(metrics.length > 0 && { _aws: { Timestamp: Date.now(), CloudWatchMetrics: [directive] } }),
    service,
    ...properties,
    ...Object.fromEntries(counted),
  });
}
