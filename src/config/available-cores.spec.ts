import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { availableCores } from './available-cores.js';

describe('availableCores', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'cgroup-'));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  /** @param files of the cgroup hierarchies, by path */
  function coresOf(cores: number, ownGroups: string, files: Record<string, string>): number {
    const root = join(directory, 'root');
    for (const [path, text] of Object.entries({ ...files, '../own': ownGroups })) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return availableCores(cores, { root, ownGroups: join(directory, 'own') });
  }

  it.each([
    ['two', '200000 100000\n', 2],
    ['one and a half, rounded up', '150000 100000\n', 2],
    ['half of one', '50000 100000\n', 1],
    ['another period', '40000 10000\n', 4],
    ['more than the machine has', '6400000 100000\n', 8],
    ['no limit', 'max 100000\n', 8],
    ['what cannot be read', 'garbage\n', 8],
    ['nothing', '', 8],
  ])('takes the quota of cgroup v2 in a container: %s', (_, text, expected) => {
    expect(coresOf(8, '0::/\n', { 'cpu.max': text })).toBe(expected);
  });

  it('takes the tightest quota among its own group and those above it', () => {
    const own = '0::/kubepods.slice/pod1.slice/main.scope\n';
    expect(
      coresOf(16, own, {
        'kubepods.slice/cpu.max': '1200000 100000\n',
        'kubepods.slice/pod1.slice/cpu.max': '300000 100000\n',
        'kubepods.slice/pod1.slice/main.scope/cpu.max': 'max 100000\n',
        'kubepods.slice/pod2.slice/cpu.max': '100000 100000\n',
      }),
    ).toBe(3);
  });

  it.each([
    ['under both names of the controllers', '4:cpu,cpuacct:/docker/abc\n', 'cpu,cpuacct/docker/abc'],
    ['under the name of one', '4:cpuacct,cpu:/docker/abc\n', 'cpu/docker/abc'],
    ['at the root, as a container sees it', '4:cpu:/docker/abc\n', 'cpu'],
  ])('takes the quota of cgroup v1 %s', (_, own, group) => {
    const files = { [`${group}/cpu.cfs_quota_us`]: '250000\n', [`${group}/cpu.cfs_period_us`]: '100000\n' };
    expect(coresOf(8, `5:memory:/docker/abc\n${own}0::/\n`, files)).toBe(3);
  });

  it('has no limit where that of cgroup v1 is -1', () => {
    const files = { 'cpu/cpu.cfs_quota_us': '-1\n', 'cpu/cpu.cfs_period_us': '100000\n' };
    expect(coresOf(8, '1:cpu:/\n', files)).toBe(8);
  });

  it('looks at no hierarchy of other controllers', () => {
    const files = { 'cpuset/cpu.cfs_quota_us': '100000\n', 'cpuset/cpu.cfs_period_us': '100000\n' };
    expect(coresOf(8, '3:cpuset:/\n1:cpu:/\n', files)).toBe(8);
  });

  it('is the cores of the machine where there are no control groups', () => {
    expect(availableCores(6, { root: join(directory, 'none'), ownGroups: join(directory, 'none') })).toBe(6);
  });

  it('is at least one and at most what Node counts here', () => {
    expect(availableCores()).toBeGreaterThanOrEqual(1);
    expect(availableCores()).toBeLessThanOrEqual(availableCores(Number.MAX_SAFE_INTEGER));
  });
});
