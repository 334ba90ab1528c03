import { type Fixtures, RECORDS } from './fixtures.js';
import type { Load } from './load.js';
import type { Section } from './options.js';

/** A line of the table. */
export interface Scenario {
  readonly section: Section;
  readonly title: string;
  readonly load: Load;
}

const READERS = 10;
const LOGIN_CLIENTS = 4;

/** A request for one record, the commonest one. */
export function getOne(url: string, { fileId, token }: Fixtures, connections = READERS): Load {
  return { url: `${url}/api/audio-file/${fileId}`, headers: bearer(token), connections };
}

/** A login with the right password. */
export function login(url: string, { email, password }: Fixtures, connections = LOGIN_CLIENTS): Load {
  return {
    url: `${url}/api/login`,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
    connections,
  };
}

/** The bare server, with as many clients as the reads of the service have. */
export function bare(url: string): Load {
  return { url, connections: READERS };
}

/** What is measured of the server that does nothing but ask DynamoDB, beside the requests of the service. */
export function limits(url: string): Scenario[] {
  const load = (path: string): Load => ({ url: `${url}${path}`, connections: READERS });
  return [
    { section: 'get', title: 'limit: one record', load: load('/get') },
    { section: 'list', title: `limit: ${RECORDS} records`, load: load('/list') },
  ];
}

/** What is measured of the service at `url`. */
export function scenarios(url: string, fixtures: Fixtures): Scenario[] {
  const list = `/api/user/audio-files?limit=${RECORDS}`;
  const path = (suffix: string): Load => ({ url: `${url}${suffix}`, connections: READERS });
  return [
    { section: 'live', title: 'GET /api/health/live', load: path('/api/health/live') },
    { section: 'health', title: 'GET /api/health', load: path('/api/health') },
    { section: 'get', title: 'GET /api/audio-file/{id}', load: getOne(url, fixtures) },
    { section: 'list', title: `GET ${list}`, load: { ...path(list), headers: bearer(fixtures.token) } },
    {
      section: 'list',
      title: 'the same, compressed',
      load: { ...path(list), headers: { ...bearer(fixtures.token), 'accept-encoding': 'gzip' } },
    },
    { section: 'login', title: 'POST /api/login', load: login(url, fixtures) },
  ];
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}
