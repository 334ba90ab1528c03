import { isUuid } from '../../common/ids.js';
import { isNothing, texts, times } from '../../database/row-checks.js';
import type { Row } from '../../database/table-scan.js';

/** Why an audio-file row cannot be read; empty if it can. */
export function unreadableAudioFile(row: Row): string[] {
  const { file_id: fileId, file_size: fileSize } = row;
  return [
    ...(typeof fileId === 'string' && isUuid(fileId) ? [] : ['file_id is not a UUID']),
    ...texts(row, ['user_id', 's3_key']),
    ...times(row, ['uploaded_at', ...(isNothing(row['recorded_at']) ? [] : ['recorded_at'])]),
    ...(isNothing(fileSize) || (Number.isSafeInteger(fileSize) && (fileSize as number) >= 0)
      ? []
      : ['file_size is not a number of bytes']),
  ];
}
