/** The cost of verifying a hash. */
export interface HashCost {
  readonly memoryKib: number;
  readonly timeCost: number;
}

/** Memory in KiB × passes. The time of a verification is proportional to it. */
export function workOf({ memoryKib, timeCost }: HashCost): number {
  return memoryKib * timeCost;
}

/**
 * Variant and work of an Argon2 hash in PHC string format, with its parameters in any order.
 *
 * @returns `work` is NaN if the parameters cannot be read
 */
export function readPhc(phc: string): { kind: string | undefined; work: number } {
  // `$kind$v=19$m=…,t=…,p=…$salt$digest`; early hashes have no version. Each part can match in one way only, so the
  // pattern cannot backtrack.
  const [, kind, list = ''] = /^\$(argon2(?:id|i|d))\$(?:v=\d+\$)?([^$]*)\$[^$]*\$/.exec(phc) ?? [];
  const parameters = new Map(list.split(',').map((pair) => pair.split('=') as [string, string]));
  return {
    kind,
    work: workOf({ memoryKib: Number(parameters.get('m')), timeCost: Number(parameters.get('t')) }),
  };
}
