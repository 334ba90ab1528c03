import { randomUUID } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AudioFile } from '../../src/audio-files/records/audio-file.js';
import { AudioFileListRepository } from '../../src/audio-files/records/audio-file-list.repository.js';
import { AudioFilesRepository } from '../../src/audio-files/records/audio-files.repository.js';
import { createDocumentClient, createServingClient } from '../../src/database/clients.js';
import { Database } from '../../src/database/database.js';
import { createTestTables, deleteTestTables, testClient, testConfig } from '../support/test-tables.js';

const UPLOADED = 1_758_762_381;

function newFile(overrides: Partial<AudioFile> = {}): AudioFile {
  return {
    fileId: randomUUID(),
    ownerId: randomUUID(),
    s3Key: 'recordings/monday.m4a',
    fileSize: 482_133,
    uploadedAt: UPLOADED,
    recordedAt: 1_758_738_600,
    status: 'ready',
    title: null,
    tags: [],
    durationSeconds: null,
    contentType: null,
    checksumSha256: null,
    objectEtag: null,
    version: 0,
    requestHash: null,
    ...overrides,
  };
}

describe('AudioFilesRepository', () => {
  const config = testConfig();
  let client: DynamoDBClient;
  let rows: DynamoDBDocumentClient;
  let files: AudioFilesRepository;
  let lists: AudioFileListRepository;

  beforeAll(async () => {
    client = testClient(config);
    rows = createDocumentClient(client);
    const database = new Database(createServingClient(client, config), config.database.budgetMs);
    files = new AudioFilesRepository(database, config);
    lists = new AudioFileListRepository(database, config);
    await createTestTables(client, config.tables);
  });

  afterAll(async () => {
    await deleteTestTables(client, config.tables);
    client.destroy();
  });

  async function stored(fileId: string): Promise<Record<string, unknown> | undefined> {
    const input = { TableName: config.tables.audioFiles, Key: { file_id: fileId }, ConsistentRead: true };
    return (await rows.send(new GetCommand(input))).Item;
  }

  async function list(ownerId: string, limit: number): Promise<readonly AudioFile[]> {
    const request = { limit, order: 'newest', uploaded: {}, filter: {} } as const;
    return (await lists.page(ownerId, request, limit)).files;
  }

  it('writes the row as the older backend reads it', async () => {
    const file = newFile();
    await files.create(file);
    expect(await stored(file.fileId)).toEqual({
      file_id: file.fileId,
      user_id: file.ownerId,
      s3_key: 'recordings/monday.m4a',
      file_size: 482_133,
      uploaded_at: UPLOADED,
      uploaded_at_iso: '2025-09-25T01:06:21Z',
      recorded_at: 1_758_738_600,
      recorded_at_iso: '2025-09-24T18:30:00Z',
    });
  });

  it('writes no attribute for what is unknown', async () => {
    const file = newFile({ fileSize: null, recordedAt: null });
    await files.create(file);
    expect(await stored(file.fileId)).toEqual({
      file_id: file.fileId,
      user_id: file.ownerId,
      s3_key: 'recordings/monday.m4a',
      uploaded_at: UPLOADED,
      uploaded_at_iso: '2025-09-25T01:06:21Z',
    });
    expect(await files.findById(file.fileId)).toEqual(file);
  });

  it('keeps a size of zero and a recording at the beginning of time', async () => {
    const file = newFile({ fileSize: 0, recordedAt: 0 });
    await files.create(file);
    expect(await files.findById(file.fileId)).toEqual(file);
  });

  it('writes the same record twice without complaint, as a repeated try does', async () => {
    const file = newFile();
    await files.create(file);
    await files.create(file);
    expect(await list(file.ownerId, 10)).toEqual([file]);
  });

  it('finds nothing where there is nothing', async () => {
    expect(await files.findById(randomUUID())).toBeUndefined();
    expect(await list(randomUUID(), 10)).toEqual([]);
  });

  it('reads a row of the older backend by its numbers', async () => {
    const file = newFile({ fileSize: null });
    const Item = {
      file_id: file.fileId,
      user_id: file.ownerId,
      s3_key: file.s3Key,
      uploaded_at: UPLOADED + 0.123_456,
      uploaded_at_iso: '1999-12-31T00:00:00.123456',
      recorded_at: 1_758_738_600.5,
      recorded_at_iso: '1999-12-31T00:00:00.5',
    };
    await rows.send(new PutCommand({ TableName: config.tables.audioFiles, Item }));
    expect(await files.findById(file.fileId)).toEqual(file);
    expect(await list(file.ownerId, 10)).toEqual([file]);
  });

  it("lists the owner's newest uploads first, as many as asked for", async () => {
    const ownerId = randomUUID();
    const uploads = [3, 1, 4, 0, 2].map((i) => newFile({ ownerId, uploadedAt: UPLOADED + i }));
    for (const file of [...uploads, newFile({ uploadedAt: UPLOADED + 9 })]) await files.create(file);
    const newestFirst = [...uploads].sort((a, b) => b.uploadedAt - a.uploadedAt);
    expect(await list(ownerId, 10)).toEqual(newestFirst);
    expect(await list(ownerId, 2)).toEqual(newestFirst.slice(0, 2));
  });

  it("deletes the owner's record, once", async () => {
    const file = newFile();
    await files.create(file);
    expect(await files.delete(file.fileId, file.ownerId)).toBe('deleted');
    expect(await stored(file.fileId)).toBeUndefined();
    expect(await files.delete(file.fileId, file.ownerId)).toBe('not-found');
  });

  it("leaves somebody else's record alone", async () => {
    const file = newFile();
    await files.create(file);
    expect(await files.delete(file.fileId, randomUUID())).toBe('not-owner');
    expect(await files.findById(file.fileId)).toEqual(file);
  });
});
