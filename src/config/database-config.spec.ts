import { describe, expect, it } from '@jest/globals';
import { EnvironmentReader } from './environment-reader.js';
import { readDatabaseConfig } from './read-config.js';

describe('readDatabaseConfig', () => {
  it('names the tables of the contract where nothing is said', () => {
    expect(readDatabaseConfig(new EnvironmentReader({})).tables).toMatchObject({
      users: 'panzoto-users',
      audioFiles: 'panzoto-audio-files',
      sessions: 'panzoto-sessions',
      limits: 'panzoto-limits',
    });
  });

  it('asks for no token key', () => {
    const env = new EnvironmentReader({ USERS_TABLE: 'users' });
    expect(readDatabaseConfig(env).tables.users).toBe('users');
    expect(() => env.finish()).not.toThrow();
  });
});
