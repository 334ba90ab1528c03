/** What verifying a hash takes. */
export interface HashCost {
  readonly memoryKib: number;
  readonly timeCost: number;
}

/** Memory in KiB × passes, to which the time of a verification is proportional. */
export function workOf({ memoryKib, timeCost }: HashCost): number {
  return memoryKib * timeCost;
}

/**
 * Kind and work of an Argon2 hash in PHC string format, its parameters in any order.
 *
 * @returns `work` is not a number where the parameters cannot be read
 */
export function readPhc(phc: string): { kind: string | undefined; work: number } {
  // `$kind$v=19$m=…,t=…,p=…$salt$digest`; early hashes have no version. No part can match in more than one way.
  const [, kind, list = ''] = /^\$(argon2(?:id|i|d))\$(?:v=\d+\$)?([^$]*)\$[^$]*\$/.exec(phc) ?? [];
  const parameters = new Map(list.split(',').map((pair) => pair.split('=') as [string, string]));
  return {
    kind,
    work: workOf({ memoryKib: Number(parameters.get('m')), timeCost: Number(parameters.get('t')) }),
  };
}
