import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';

/** Where the kernel exposes control groups. */
export interface CgroupFiles {
  /** Mount point of the hierarchies. */
  readonly root: string;
  /** The file with the groups of this process. */
  readonly ownGroups: string;
}

const CGROUP_FILES: CgroupFiles = { root: '/sys/fs/cgroup', ownGroups: '/proc/self/cgroup' };

/**
 * The number of cores that this process may use: the cores of its CPU affinity, or fewer under a CPU quota (a CPU limit
 * in Kubernetes, ECS or Docker), rounded up. Node ignores quotas before version 24.
 */
export function availableCores(
  cores: number = availableParallelism(),
  { root, ownGroups }: CgroupFiles = CGROUP_FILES,
): number {
  const quotas = readLines(ownGroups).flatMap((line) => {
    // `0::/path` is the only hierarchy of cgroup v2, `4:cpu,cpuacct:/path` is one of v1.
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === '') return quotasAlong(root, path, quotaV2);
    if (!controllers.split(',').includes('cpu')) return [];
    return [controllers, 'cpu'].flatMap((mount) => quotasAlong(join(root, mount), path, quotaV1));
  });
  return Math.max(1, Math.ceil(Math.min(cores, ...quotas)));
}

/**
 * The quotas of a group and of all its parents, which all apply. In a container the path may be that of the host. Then
 * only its end, the container's own group, exists, at the root.
 */
function quotasAlong(root: string, path: string, read: (group: string) => number | undefined): number[] {
  const quotas: number[] = [];
  for (let group = join('/', path); ; group = dirname(group)) {
    const quota = read(join(root, group));
    if (quota !== undefined) quotas.push(quota);
    if (group === '/') return quotas;
  }
}

/** `cpu.max` contains quota and period in microseconds, or `max` for no quota. */
function quotaV2(group: string): number | undefined {
  const [quota, period] = (readLines(join(group, 'cpu.max'))[0] ?? '').split(' ');
  return cores(quota, period);
}

/** One file each, in microseconds; -1 for no quota. */
function quotaV1(group: string): number | undefined {
  return cores(readLines(join(group, 'cpu.cfs_quota_us'))[0], readLines(join(group, 'cpu.cfs_period_us'))[0]);
}

function cores(quota: string | undefined, period: string | undefined): number | undefined {
  const share = Number(quota) / Number(period);
  return share > 0 && Number.isFinite(share) ? share : undefined;
}

/** Empty if there is no such file: on other systems, or if nothing is mounted. */
function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}
