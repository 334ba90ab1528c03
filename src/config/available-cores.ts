import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';

/** Where the kernel tells of control groups. */
export interface CgroupFiles {
  /** Where the hierarchies are mounted. */
  readonly root: string;
  /** The file that names the groups of this process. */
  readonly ownGroups: string;
}

const CGROUP_FILES: CgroupFiles = { root: '/sys/fs/cgroup', ownGroups: '/proc/self/cgroup' };

/**
 * How many cores this process may keep busy: those of the machine that it may run on, or fewer under a CPU quota (a CPU
 * limit in Kubernetes, ECS or Docker), rounded up. Node itself takes no notice of a quota before version 24.
 */
export function availableCores(
  cores: number = availableParallelism(),
  { root, ownGroups }: CgroupFiles = CGROUP_FILES,
): number {
  const quotas = readLines(ownGroups).flatMap((line) => {
    // `0::/path` is the one hierarchy of cgroup v2, `4:cpu,cpuacct:/path` one of v1.
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === '') return quotasAlong(root, path, quotaV2);
    if (!controllers.split(',').includes('cpu')) return [];
    return [controllers, 'cpu'].flatMap((mount) => quotasAlong(join(root, mount), path, quotaV1));
  });
  return Math.max(1, Math.ceil(Math.min(cores, ...quotas)));
}

/**
 * The quotas of a group and of those that it lies in, all of which hold. In a container the path may be that of the host,
 * of which only the end, the container's own group, is there: at the root.
 */
function quotasAlong(root: string, path: string, read: (group: string) => number | undefined): number[] {
  const quotas: number[] = [];
  for (let group = join('/', path); ; group = dirname(group)) {
    const quota = read(join(root, group));
    if (quota !== undefined) quotas.push(quota);
    if (group === '/') return quotas;
  }
}

/** `cpu.max` has quota and period in microseconds, or `max` for no quota. */
function quotaV2(group: string): number | undefined {
  const [quota, period] = (readLines(join(group, 'cpu.max'))[0] ?? '').split(' ');
  return cores(quota, period);
}

/** A file each, in microseconds; -1 for no quota. */
function quotaV1(group: string): number | undefined {
  return cores(readLines(join(group, 'cpu.cfs_quota_us'))[0], readLines(join(group, 'cpu.cfs_period_us'))[0]);
}

function cores(quota: string | undefined, period: string | undefined): number | undefined {
  const share = Number(quota) / Number(period);
  return share > 0 && Number.isFinite(share) ? share : undefined;
}

/** None where there is no such file: on other systems, and where nothing is mounted. */
function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}
