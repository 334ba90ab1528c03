import { Injectable } from '@nestjs/common';
import { AppConfig } from '../../config/config.js';

/** Folder that uploads have always gone to; protected also where new ones go elsewhere. */
const ORIGINAL_AUDIO_FOLDER = 'audio_upload';

/** Name endings by which players and people know the types that recorders make. */
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

/** What the service names its own objects, after the folder of the user: the id of the record, and an extension. */
const OWN_FORM = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\.[^/]*)?$/;

/** A media type without its parameters. */
export function baseType(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim();
}

/**
 * The name ending of a type, with its dot; of audio whose type is unknown the one of the key, if it is one of audio; else
 * nothing.
 */
export function extensionOf(contentType: string | null, key = ''): string {
  if (contentType !== null) return EXTENSIONS[baseType(contentType)] ?? '';
  const [ending = ''] = /\.\w+$/.exec(key.toLowerCase()) ?? [];
  return KNOWN_EXTENSIONS.has(ending) ? ending : '';
}

/** Which object keys are whose. Each user has a folder below the folder of uploads. */
@Injectable()
export class ObjectKeys {
  /** Folders of uploads, the one of new keys first. */
  private readonly folders: readonly string[];

  constructor({ storage }: AppConfig) {
    const { audioFolder, earlierAudioFolders } = storage;
    this.folders = [...new Set([audioFolder, ...earlierAudioFolders, ORIGINAL_AUDIO_FOLDER])];
  }

  /** What the keys of a user's own objects begin with, a slash at the end. */
  prefixesOf(userId: string): string[] {
    return this.folders.map((folder) => `${folder}/${userId}/`);
  }

  /** Whether the object is in a folder of the user. Only such objects are signed for or deleted. */
  isOwn(userId: string, key: string): boolean {
    // Keys mean what they say at S3, but not at everything that stands in for it.
    if (/(^|\/)\.{1,2}(\/|$)/.test(key)) return false;
    // What has no UTF-8 form is no key of any object.
    if (!key.isWellFormed()) return false;
    return this.prefixesOf(userId).some((prefix) => key.startsWith(prefix) && key.length > prefix.length);
  }

  /** Whether a record of the user may name this key: anything but what is in the folder of somebody else. */
  isOpenTo(userId: string, key: string): boolean {
    const isUpload = this.folders.some((folder) => key.startsWith(`${folder}/`));
    return !isUpload || this.prefixesOf(userId).some((prefix) => key.startsWith(prefix));
  }

  /**
   * The id of the record whose upload has this key, where it is of the form that {@link forUpload} makes, in any folder of
   * the user.
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
