/**
 * The minimum cost of a request for records: bare `node:http`, one hand-signed call to DynamoDB, and its result as
 * JSON. No token, no validation, no framework. The cost of the service is compared with it.
 *
 * Usage: node limit-server.mjs PORT ENDPOINT TABLE FILE_ID USER_ID RECORDS
 */
import { createServer } from 'node:http';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { Pool } from 'undici';

/** From the built service. */
const built = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { LISTED, STATUS_NAME, toAudioFile } = await built('audio-files/records/audio-file.row.js');
const { toAudioFileDto } = await built('audio-files/dto/audio-file.dto.js');
const { Signer } = await built('database/transport/signer.js');

const [port, endpoint, TableName, fileId, userId, records] = process.argv.slice(2);
const pool = new Pool(endpoint, { connections: 128 });
const signer = new Signer('dynamodb', 'us-east-1');
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
const { host } = new URL(endpoint);

async function call(operation, input) {
  const body = JSON.stringify(input);
  const headers = {
    ...{ host, 'content-type': 'application/x-amz-json-1.0' },
    'x-amz-target': `DynamoDB_20120810.${operation}`,
  };
  const signed = signer.sign({ path: '/', headers, body }, credentials, Date.now());
  const answer = await pool.request({ path: '/', method: 'POST', headers: signed, body });
  return answer.body.json();
}

const get = { TableName, Key: { file_id: { S: fileId } }, ConsistentRead: true };
const query = {
  ...{ TableName, IndexName: 'user-files-index', Limit: Number(records), ScanIndexForward: false },
  KeyConditionExpression: 'user_id = :owner',
  ExpressionAttributeValues: { ':owner': { S: userId } },
  ...{ ProjectionExpression: LISTED, ExpressionAttributeNames: STATUS_NAME },
};

const dtoOf = (row) => toAudioFileDto(toAudioFile({ user_id: userId, ...unmarshall(row) }));

async function answer(path) {
  if (path === '/get') return dtoOf((await call('GetItem', get)).Item);
  if (path === '/list') return (await call('Query', query)).Items.map(dtoOf);
  return { status: 'ok' };
}

createServer((request, response) => {
  answer(request.url).then(
    (body) => {
      const json = JSON.stringify(body);
      response.setHeader('Content-Type', 'application/json; charset=utf-8');
      response.setHeader('Content-Length', Buffer.byteLength(json));
      response.end(json);
    },
    (error) => {
      response.statusCode = 500;
      response.end(String(error));
    },
  );
}).listen(Number(port), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
