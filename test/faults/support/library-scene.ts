import { type Account, createAudioFile, registerAccount } from '../../support/accounts.js';
import { createTables, type Service, startService, type Tables } from './service.js';

const LIST = '/api/user/audio-files';
const RECORDS = 50;

/** Tables with an account that has a page of records, and reads of that page: work that is worth refusing. */
export interface LibraryScene {
  readonly tables: Tables;
  readonly ada: Account;
  /** Path of the list. */
  readonly path: string;
  /** One list. */
  list(service: Service): ReturnType<Service['http']['get']>;
  /** A load of lists. */
  lists(
    service: Service,
    connections: number,
  ): { url: string; headers: Record<string, string>; connections: number };
}

export async function arrangeLibrary(): Promise<LibraryScene> {
  const tables = await createTables();
  const service = await startService(tables);
  const ada = await registerAccount(service);
  for (let i = 0; i < RECORDS; i++) await createAudioFile(service, ada);
  await service.stop();
  return {
    ...{ tables, ada, path: LIST },
    list: ({ http }) => http.get(LIST).set(ada.authorization),
    lists: ({ url }, connections) => ({ url: url + LIST, headers: { ...ada.authorization }, connections }),
  };
}

/** The sum of what `/metrics` says of something. */
export async function metricOf({ logs }: Service, pattern: RegExp): Promise<number> {
  const port = logs.find(({ msg }) => msg === 'metrics')?.['port'];
  const text = await (await fetch(`http://127.0.0.1:${String(port)}/metrics`)).text();
  return [...text.matchAll(pattern)].reduce((sum, [, value]) => sum + Number(value), 0);
}
