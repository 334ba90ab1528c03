import { Injectable } from '@nestjs/common';
import { AppConfig } from '../config/config.js';

/** Folder that uploads have always gone to; protected also where new ones go elsewhere. */
const ORIGINAL_AUDIO_FOLDER = 'audio_upload';

/** Name endings by which players and people know the types that recorders make. */
const EXTENSIONS: Readonly<Record<string, string>> = {
  'application/octet-stream': '.bin',
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
};

/** A media type without its parameters. */
export function baseType(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim();
}

/** Which object keys are whose. Each user has a folder below the folder of uploads. */
@Injectable()
export class ObjectKeys {
  /** Folders of uploads, the one of new keys first. */
  private readonly folders: readonly string[];

  constructor({ storage }: AppConfig) {
    this.folders = [...new Set([storage.audioFolder, ORIGINAL_AUDIO_FOLDER])];
  }

  /** What the keys of a user's own objects begin with, a slash at the end. */
  prefixesOf(userId: string): string[] {
    return this.folders.map((folder) => `${folder}/${userId}/`);
  }

  /** Whether the object is in a folder of the user. Only such objects are signed for or deleted. */
  isOwn(userId: string, key: string): boolean {
    // Keys mean what they say at S3, but not at everything that stands in for it.
    if (/(^|\/)\.{1,2}(\/|$)/.test(key)) return false;
    return this.prefixesOf(userId).some((prefix) => key.startsWith(prefix) && key.length > prefix.length);
  }

  /** Whether a record of the user may name this key: anything but what is in the folder of somebody else. */
  isOpenTo(userId: string, key: string): boolean {
    const isUpload = this.folders.some((folder) => key.startsWith(`${folder}/`));
    return !isUpload || this.prefixesOf(userId).some((prefix) => key.startsWith(prefix));
  }

  /** The key of a new upload. */
  forUpload(userId: string, fileId: string, contentType: string): string {
    return `${this.prefixesOf(userId)[0]}${fileId}${EXTENSIONS[baseType(contentType)] ?? ''}`;
  }
}
