import { Injectable } from '@nestjs/common';
import { AppConfig } from '../../config/config.js';

/** The first folder of uploads. It stays protected if new uploads go to another folder. */
const ORIGINAL_AUDIO_FOLDER = 'audio_upload';

/** File extensions for the types that recorders produce. */
const EXTENSIONS: Readonly<Record<string, string>> = {
  'application/octet-stream': '.bin',
  'application/ogg': '.ogg',
  'audio/3gpp': '.3gp',
  'audio/aac': '.aac',
  'audio/aiff': '.aiff',
  'audio/amr': '.amr',
  'audio/flac': '.flac',
  'audio/m4a': '.m4a',
  'audio/mp4': '.m4a',
  'audio/mpeg': '.mp3',
  'audio/ogg': '.ogg',
  'audio/opus': '.opus',
  'audio/wav': '.wav',
  'audio/wave': '.wav',
  'audio/webm': '.webm',
  'audio/x-caf': '.caf',
  'audio/x-flac': '.flac',
  'audio/x-m4a': '.m4a',
  'audio/x-wav': '.wav',
  'video/3gpp': '.3gp',
  'video/mp4': '.mp4',
  'video/webm': '.webm',
};

const KNOWN_EXTENSIONS = new Set(Object.values(EXTENSIONS));

/** The form of the service's own keys, after the folder of the user: the id of the record, and an extension. */
const OWN_FORM = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\.[^/]*)?$/;

/** A media type without its parameters. */
export function baseType(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim();
}

/**
 * The file extension of a type, with its dot. If the type is unknown, the extension of the key if it is one of audio,
 * else an empty string.
 */
export function extensionOf(contentType: string | null, key = ''): string {
  if (contentType !== null) return EXTENSIONS[baseType(contentType)] ?? '';
  const [ending = ''] = /\.\w+$/.exec(key.toLowerCase()) ?? [];
  return KNOWN_EXTENSIONS.has(ending) ? ending : '';
}

/** Decides which keys belong to which user. Each user has a folder below the upload folder. */
@Injectable()
export class ObjectKeys {
  /** Upload folders. The folder of new keys is first. */
  private readonly folders: readonly string[];

  constructor({ storage }: AppConfig) {
    const { audioFolder, earlierAudioFolders } = storage;
    this.folders = [...new Set([audioFolder, ...earlierAudioFolders, ORIGINAL_AUDIO_FOLDER])];
  }

  /** The prefixes of a user's own keys, with a trailing slash. */
  prefixesOf(userId: string): string[] {
    return this.folders.map((folder) => `${folder}/${userId}/`);
  }

  /** Whether the object is in a folder of the user. Only such objects are signed or deleted. */
  isOwn(userId: string, key: string): boolean {
    // S3 does not resolve dot segments, but compatible object stores may.
    if (/(^|\/)\.{1,2}(\/|$)/.test(key)) return false;
    // A text without a UTF-8 form cannot be a key.
    if (!key.isWellFormed()) return false;
    return this.prefixesOf(userId).some((prefix) => key.startsWith(prefix) && key.length > prefix.length);
  }

  /** Whether a record of the user may have this key: any key except those in the folder of another user. */
  isOpenTo(userId: string, key: string): boolean {
    const isUpload = this.folders.some((folder) => key.startsWith(`${folder}/`));
    return !isUpload || this.prefixesOf(userId).some((prefix) => key.startsWith(prefix));
  }

  /**
   * The id of the record whose upload has this key, if it has the form of {@link forUpload}, in any folder of the user.
   */
  fileIdOf(userId: string, key: string): string | undefined {
    const prefix = this.prefixesOf(userId).find((candidate) => key.startsWith(candidate));
    return prefix === undefined ? undefined : OWN_FORM.exec(key.slice(prefix.length))?.[1];
  }

  /** The key of a new upload. */
  forUpload(userId: string, fileId: string, contentType: string): string {
    return `${this.prefixesOf(userId)[0]}${fileId}${extensionOf(contentType)}`;
  }
}
