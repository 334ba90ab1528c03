import { describe, expect, it } from '@jest/globals';
import type { AppConfig } from '../../config/config.js';
import { baseType, ObjectKeys } from './object-keys.js';

const ADA = '5f0c7a52-5d0b-4a0e-9d0e-0d6a3f1f3b11';
const BOB = 'c1b7d0c2-58a5-4d0f-9a53-6a3b0a4c7f10';

const keysIn = (audioFolder: string, ...earlierAudioFolders: string[]) =>
  new ObjectKeys({ storage: { audioFolder, earlierAudioFolders } } as unknown as AppConfig);

describe('ObjectKeys', () => {
  const keys = keysIn('audio_upload');
  const moved = keysIn('uploads/audio');

  it('has one folder for each user', () => {
    expect(keys.prefixesOf(ADA)).toEqual([`audio_upload/${ADA}/`]);
  });

  it('has two where new uploads go elsewhere, the new one first', () => {
    expect(moved.prefixesOf(ADA)).toEqual([`uploads/audio/${ADA}/`, `audio_upload/${ADA}/`]);
  });

  describe('takes for the own of a user', () => {
    it.each([
      `audio_upload/${ADA}/monday.m4a`,
      `audio_upload/${ADA}/2025/09/monday.m4a`,
      `audio_upload/${ADA}/ `,
      `audio_upload/${ADA}//`,
    ])('%s', (key) => {
      expect(keys.isOwn(ADA, key)).toBe(true);
      expect(keys.isOpenTo(ADA, key)).toBe(true);
      expect(keys.isOwn(BOB, key)).toBe(false);
      expect(keys.isOpenTo(BOB, key)).toBe(false);
    });
  });

  describe('takes for nobody', () => {
    it.each([
      ['the folder of all', 'audio_upload/', false],
      ['what is at its top', 'audio_upload/monday.m4a', false],
      ['the name of the own folder', `audio_upload/${ADA}`, false],
      ['what only begins like the own folder', `audio_upload/${ADA}0/monday.m4a`, false],
      ['the own folder in capitals', `audio_upload/${ADA.toUpperCase()}/a`, false],
      ['an empty segment before the own folder', `audio_upload//${ADA}/a`, false],
      ['a folder beside', `audio_upload2/${ADA}/a`, true],
      ['the folder in capitals', `AUDIO_UPLOAD/${ADA}/a`, true],
      ['a folder of the same name further down', `x/audio_upload/${ADA}/a`, true],
      ['the name of the folder of all', 'audio_upload', true],
      ['any other key', 'recordings/monday.m4a', true],
    ])('%s', (_what, key, open) => {
      expect(keys.isOwn(ADA, key)).toBe(false);
      expect(keys.isOpenTo(ADA, key)).toBe(open);
    });
  });

  it('does not take the own folder itself for an own object, though a record may name it', () => {
    expect(keys.isOwn(ADA, `audio_upload/${ADA}/`)).toBe(false);
    expect(keys.isOpenTo(ADA, `audio_upload/${ADA}/`)).toBe(true);
  });

  it.each(['uploads/audio', 'audio_upload'])(
    'protects %s where new uploads go to uploads/audio',
    (folder) => {
      const key = `${folder}/${ADA}/monday.m4a`;
      expect([moved.isOwn(ADA, key), moved.isOpenTo(ADA, key)]).toEqual([true, true]);
      expect([moved.isOwn(BOB, key), moved.isOpenTo(BOB, key)]).toEqual([false, false]);
    },
  );

  it('leaves another folder open that is none of uploads here', () => {
    expect(keys.isOpenTo(ADA, `uploads/audio/${BOB}/monday.m4a`)).toBe(true);
  });

  it.each([
    ['application/octet-stream', '.bin'],
    ['audio/3gpp', '.3gp'],
    ['audio/aac', '.aac'],
    ['audio/aiff', '.aiff'],
    ['audio/amr', '.amr'],
    ['audio/flac', '.flac'],
    ['audio/m4a', '.m4a'],
    ['audio/mp4', '.m4a'],
    ['audio/mpeg', '.mp3'],
    ['audio/ogg', '.ogg'],
    ['audio/opus', '.opus'],
    ['audio/wav', '.wav'],
    ['audio/wave', '.wav'],
    ['audio/webm', '.webm'],
    ['audio/x-caf', '.caf'],
    ['audio/x-flac', '.flac'],
    ['audio/x-m4a', '.m4a'],
    ['audio/x-wav', '.wav'],
    ['audio/webm;codecs=opus', '.webm'],
    ['audio/mp4;codecs="mp4a.40.2";x=1', '.m4a'],
    ['audio/vnd.something', ''],
    ['', ''],
  ])('gives an upload of the type "%s" a key with the ending "%s"', (type, extension) => {
    expect(keys.forUpload(ADA, 'id', type)).toBe(`audio_upload/${ADA}/id${extension}`);
    expect(moved.forUpload(ADA, 'id', type)).toBe(`uploads/audio/${ADA}/id${extension}`);
  });
});

describe('baseType', () => {
  it.each([
    ['audio/mp4', 'audio/mp4'],
    ['audio/webm;codecs=opus', 'audio/webm'],
    ['audio/webm ; codecs=opus', 'audio/webm'],
    ['audio/webm;codecs="a;b"', 'audio/webm'],
    ['', ''],
  ])('of "%s" is "%s"', (type, base) => {
    expect(baseType(type)).toBe(base);
  });
});
