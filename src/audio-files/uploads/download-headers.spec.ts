import { describe, expect, it } from '@jest/globals';
import type { AudioFile } from '../records/audio-file.js';
import { downloadHeaders } from './download-headers.js';

const FILE_ID = 'c1b7d0c2-58a5-4d0f-9a53-6a3b0a4c7f10';

function headersOf(file: Partial<AudioFile>): { type: string | undefined; disposition: string } {
  const whole = { fileId: FILE_ID, s3Key: 'a', title: null, contentType: null, ...file } as AudioFile;
  const { 'response-content-type': type, 'response-content-disposition': disposition = '' } =
    downloadHeaders(whole);
  return { type, disposition };
}

describe('downloadHeaders', () => {
  it.each<[string, Partial<AudioFile>, string]>([
    ['the id where there is no title', {}, `filename="${FILE_ID}"`],
    ['the extension of the type', { contentType: 'audio/mp4' }, `filename="${FILE_ID}.m4a"`],
    ['of a type with parameters', { contentType: 'audio/webm;codecs=opus' }, `filename="${FILE_ID}.webm"`],
    ['none of a type without one', { contentType: 'audio/x-new', s3Key: 'a.wav' }, `filename="${FILE_ID}"`],
    ['that of the key, if it is of audio', { s3Key: 'a/b.M4A' }, `filename="${FILE_ID}.m4a"`],
    ['and no other', { s3Key: 'a/b.html' }, `filename="${FILE_ID}"`],
    ['the title', { title: 'Monday', contentType: 'audio/wav' }, 'filename="Monday.wav"'],
    ['a title with blanks', { title: 'On the train' }, 'filename="On the train"'],
    ['no control characters', { title: 'a\r\nX: y\0\u0085b' }, 'filename="a__X_ y__b"'],
    ['no directions of text', { title: 'a\u202egpj.exe' }, 'filename="a_gpj.exe"'],
    ['no separators', { title: '../../etc/passwd\\x:y' }, 'filename="_.._etc_passwd_x_y"'],
    ['no quotation marks', { title: 'say "hi"; x=y' }, 'filename="say _hi_; x=y"'],
    ['no dots at the ends', { title: ' ..hidden. . ' }, 'filename="hidden"'],
    ['the id where nothing is left', { title: ' ... ' }, `filename="${FILE_ID}"`],
    [
      'more than ASCII in a form of its own',
      { title: "früh 💚 (it's)", contentType: 'audio/wav' },
      "filename=\"fr_h _ (it's).wav\"; filename*=UTF-8''fr%C3%BCh%20%F0%9F%92%9A%20%28it%27s%29.wav",
    ],
    ['a percent sign too', { title: '100%' }, 'filename="100_"; filename*=UTF-8\'\'100%25'],
    [
      'half of a surrogate pair as a sign of that',
      { title: 'a\ud83d' },
      'filename="a_"; filename*=UTF-8\'\'a%EF%BF%BD',
    ],
  ])('names a file by %s', (_rule, file, filename) => {
    expect(headersOf(file).disposition).toBe(`attachment; ${filename}`);
  });

  it('says the type of the record, or that it is anything', () => {
    expect(headersOf({ contentType: 'audio/mp4' }).type).toBe('audio/mp4');
    expect(headersOf({}).type).toBe('application/octet-stream');
  });

  it.each(['a', 'ä', '💚'])(
    'has names of at most 120 bytes and an extension, of whole characters: %s',
    (letter) => {
      const { disposition } = headersOf({ title: letter.repeat(200), contentType: 'audio/wav' });
      const name = decodeURIComponent(/filename(?:\*=UTF-8''|=")([^"]+?)"?$/.exec(disposition)?.[1] ?? '');
      expect(name).toBe(`${letter.repeat(120 / Buffer.byteLength(letter))}.wav`);
      expect(disposition).toMatch(/^[\x20-\x7e]+$/);
    },
  );
});
