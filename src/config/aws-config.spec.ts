import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from './environment-reader.js';
import { readConfig } from './read-config.js';

const read = (environment: Record<string, string>) =>
  readConfig({ SECRET_KEY: 'f1d2d2f924e986ac86fdf7b36c94bcdf', ...environment });

describe('the configuration of AWS', () => {
  it('has the folder of uploads and those of before', () => {
    expect(read({}).storage).toMatchObject({ audioFolder: 'audio_upload', earlierAudioFolders: [] });
    const moved = { AWS_S3_AUDIO_FOLDER: 'third', AWS_S3_EARLIER_AUDIO_FOLDERS: 'first/audio, second' };
    expect(read(moved).storage).toMatchObject({
      audioFolder: 'third',
      earlierAudioFolders: ['first/audio', 'second'],
    });
  });

  it.each([
    [{ AWS_S3_AUDIO_FOLDER: '/a' }, 'AWS_S3_AUDIO_FOLDER must be a folder such as audio_upload, without'],
    [{ AWS_S3_AUDIO_FOLDER: 'a'.repeat(513) }, 'AWS_S3_AUDIO_FOLDER must be at most 512 characters long'],
    [{ AWS_S3_AUDIO_FOLDER: 'quarantine/a' }, 'AWS_S3_AUDIO_FOLDER must be outside of quarantine'],
    [{ AWS_S3_EARLIER_AUDIO_FOLDERS: 'a,b/' }, 'AWS_S3_EARLIER_AUDIO_FOLDERS must be a comma-separated list'],
    [{ AWS_S3_EARLIER_AUDIO_FOLDERS: 'reconcile' }, 'AWS_S3_EARLIER_AUDIO_FOLDERS must be outside of'],
    [
      { DYNAMODB_ENDPOINT: 'localhost:8000' },
      'DYNAMODB_ENDPOINT must be a URL such as http://127.0.0.1:8000',
    ],
    [{ S3_ENDPOINT: 'localhost:9000' }, 'S3_ENDPOINT must be a URL such as http://127.0.0.1:9000'],
    [{ SESSIONS_TABLE: 'panzoto-users' }, 'SESSIONS_TABLE must be another table than USERS_TABLE'],
    [
      { USERS_TABLE: 'one', AUDIO_FILES_TABLE: 'one' },
      'AUDIO_FILES_TABLE must be another table than USERS_TABLE',
    ],
  ])('of %j is refused', (environment, problem) => {
    let raised: unknown;
    try {
      read(environment);
    } catch (error) {
      raised = error;
    }
    expect(raised).toEqual(expect.any(ConfigurationError));
    expect((raised as ConfigurationError).problems).toEqual([expect.stringMatching(`^${problem}`)]);
  });
});
