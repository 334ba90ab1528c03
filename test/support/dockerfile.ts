import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, matchesGlob, normalize, relative } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The result of a stage of a Dockerfile: its files, below a directory for `/`, and its command. */
export interface Stage {
  readonly name: string;
  /** The base image. */
  readonly base: string;
  /** The directory for `/`. */
  readonly root: string;
  workdir: string;
  user: string;
  stopSignal: string;
  readonly environment: Record<string, string>;
  command: string[];
  healthcheck: string[];
}

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

/** The working directory of a stage, on this machine. */
export function directoryOf({ root, workdir }: Stage): string {
  return join(root, workdir);
}

/**
 * Runs the steps of a Dockerfile in plain directories below `target`, for machines without a container engine. Programs
 * are those of this machine and not of the base image; nothing is isolated. Supports the instructions of this
 * repository's Dockerfile.
 *
 * @param environment of the `RUN` commands
 * @returns the stages by name
 * @throws Error for an unknown instruction or flag
 */
export async function buildDockerfile(
  context: string,
  target: string,
  environment: NodeJS.ProcessEnv,
): Promise<Map<string, Stage>> {
  const stages = new Map<string, Stage>();
  let stage: Stage | undefined;
  for (const { name, rest } of parse(await readFile(join(context, 'Dockerfile'), 'utf8'))) {
    if (name === 'FROM') {
      stage = await beginStage(rest, target);
      stages.set(stage.name, stage);
      continue;
    }
    if (!stage) throw new Error(`${name} before FROM`);
    switch (name) {
      case 'WORKDIR':
        stage.workdir = rest;
        await mkdir(directoryOf(stage), { recursive: true });
        break;
      case 'COPY':
        await copy(rest, stage, stages, context);
        break;
      case 'RUN':
        await run('bash', ['-c', rest], {
          cwd: directoryOf(stage),
          env: { ...environment, ...stage.environment },
        });
        break;
      case 'ENV':
        for (const [, key = '', value = ''] of rest.matchAll(/(\w+)=(\S*)/g)) stage.environment[key] = value;
        break;
      case 'USER':
        stage.user = rest;
        break;
      case 'STOPSIGNAL':
        stage.stopSignal = rest;
        break;
      case 'HEALTHCHECK':
        stage.healthcheck = execForm(rest.slice(rest.indexOf('CMD') + 'CMD'.length));
        break;
      case 'CMD':
        stage.command = execForm(rest);
        break;
      case 'EXPOSE':
        break;
      default:
        throw new Error(`Instruction ${name} is not known here`);
    }
  }
  return stages;
}

/** Instructions without comments, those of several lines as one. */
function parse(text: string): Instruction[] {
  return text
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name = '', rest = ''] = /^\s*(\S+)\s+(.*)$/.exec(line) ?? [];
      return { name: name.toUpperCase(), rest: rest.trim() };
    });
}

async function beginStage(rest: string, target: string): Promise<Stage> {
  const [, base = '', name = ''] = /^(\S+) AS (\w+)$/.exec(rest) ?? [];
  const root = join(target, name);
  await mkdir(root);
  return {
    ...{ name, base, root, workdir: '/', user: 'root', stopSignal: 'SIGTERM' },
    ...{ environment: {}, command: [], healthcheck: [] },
  };
}

/** The exec form: a JSON array, no shell. */
function execForm(text: string): string[] {
  return JSON.parse(text) as string[];
}

async function copy(
  rest: string,
  stage: Stage,
  stages: ReadonlyMap<string, Stage>,
  context: string,
): Promise<void> {
  const words = rest.split(/\s+/);
  const flag = words[0]?.startsWith('--') ? words.shift() : undefined;
  const from = flag === undefined ? undefined : stages.get(flag.replace('--from=', ''));
  if (flag !== undefined && !from) throw new Error(`COPY ${flag} is not known here`);
  const isIgnored = from ? () => false : await readIgnored(context);
  const root = from?.root ?? context;
  const destination = words.pop() ?? '';
  for (const word of words) {
    const source = join(root, normalize(word));
    const into = /(^\.|\/)$/.test(destination) ? join(destination, basename(word)) : destination;
    const target = join(into.startsWith('/') ? stage.root : directoryOf(stage), into);
    await mkdir(dirname(target), { recursive: true });
    await cp(source, target, {
      recursive: true,
      // Unchanged: npm links the programs of packages.
      verbatimSymlinks: true,
      filter: (path) => !isIgnored(relative(root, path)),
    });
    if (!(await readdir(dirname(target))).includes(basename(target)))
      throw new Error(`COPY ${word}: ignored`);
  }
}

/** Whether `.dockerignore` excludes a path: the last pattern that matches it, or one of its parent folders, decides. */
async function readIgnored(context: string): Promise<(path: string) => boolean> {
  const patterns = (await readFile(join(context, '.dockerignore'), 'utf8'))
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ ignores: !line.startsWith('!'), glob: line.replace('!', '') }));
  return (path) => {
    const parts = path.split('/');
    const paths = parts.map((_part, n) => parts.slice(0, n + 1).join('/'));
    return patterns.reduce(
      (ignored, { ignores, glob }) => (paths.some((one) => matchesGlob(one, glob)) ? ignores : ignored),
      false,
    );
  };
}
