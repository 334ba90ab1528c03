/** A line in the embedded metric format. */
export interface EmfLine extends Record<string, unknown> {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly Directive[];
  };
}

interface Directive {
  readonly Namespace: string;
  readonly Dimensions: readonly (readonly string[])[];
  readonly Metrics: readonly { readonly Name: string; readonly Unit?: string }[];
}

const MAX_BYTES = 256 * 1024;
const UNITS = ['Count', 'Milliseconds', 'None', undefined];

/** Whether a parsed log line is one in the embedded metric format. */
export function isEmf(line: object): line is EmfLine {
  return '_aws' in line;
}

/**
 * What the specification of the embedded metric format forbids in a line; empty for a valid one. CloudWatch drops metrics
 * of other lines without a word.
 */
export function faultsOfEmf(text: string, now = Date.now()): string[] {
  const line = JSON.parse(text) as EmfLine;
  const faults: string[] = [];
  const rule = (holds: boolean, fault: string) => void (holds || faults.push(fault));
  rule(!text.includes('\n'), 'more than one line');
  rule(Buffer.byteLength(text) <= MAX_BYTES, 'too long');
  const { Timestamp: timestamp, CloudWatchMetrics: directives, ...others } = line._aws;
  rule(Object.keys(others).length === 0, `_aws has ${Object.keys(others).join()}`);
  // In milliseconds: not two weeks ago, and not two hours from now.
  rule(Number.isInteger(timestamp) && timestamp > now - 14 * 86_400_000, 'Timestamp is in the past');
  rule(timestamp < now + 2 * 3_600_000, 'Timestamp is in the future');
  rule(Array.isArray(directives) && directives.length > 0, 'no directive');
  for (const directive of directives) faults.push(...faultsOfDirective(directive, line));
  return faults;
}

function faultsOfDirective(directive: Directive, line: EmfLine): string[] {
  const { Namespace: namespace, Dimensions: sets, Metrics: metrics } = directive;
  const dimensions = sets.flat();
  const isText = (value: unknown, max: number) =>
    typeof value === 'string' && value.trim() !== '' && value.length <= max;
  return [
    ...(isText(namespace, 1024) && !namespace.startsWith('AWS/') ? [] : ['Namespace']),
    ...(sets.length > 0 && sets.every(({ length }) => length <= 30) ? [] : ['Dimensions']),
    ...dimensions.filter((name) => !isText(line[name], 1024)).map((name) => `dimension ${name}`),
    ...(metrics.length > 0 && metrics.length <= 100 ? [] : ['Metrics']),
    ...metrics
      .filter(({ Name: name }) => !areValues(line[name]))
      .map(({ Name: name }) => `values of ${name}`),
    ...metrics.filter(({ Unit: unit }) => !UNITS.includes(unit)).map(({ Name: name }) => `unit of ${name}`),
  ];
}

/** A number, or one to a hundred of them. */
function areValues(value: unknown): boolean {
  const values: unknown[] = [value].flat();
  return values.length > 0 && values.length <= 100 && values.every((one) => Number.isFinite(one));
}
