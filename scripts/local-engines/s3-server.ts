/**
 * A stand-in for S3 as a program: s3rver, which keeps the objects as files, behind a check of presigned addresses, which
 * s3rver takes unseen, with conditional writes, checksums and keys as S3 has them. Arguments: port, directory, bucket. Its
 * access key is `local`, the secret too.
 */
import S3rver from 's3rver';
import account from 's3rver/lib/models/account.js';
import { refusePresigned } from './presigned.js';
import { encodeListing, mendDeletion } from './s3-keys.js';
import { mendStore } from './s3-store.js';

const [port = '', directory = '', bucket = ''] = process.argv.slice(2);

/** Browsers on any page of this machine may upload and download, as in a development bucket. */
const CORS = `<CORSConfiguration><CORSRule>
  <AllowedOrigin>*</AllowedOrigin>
  <AllowedMethod>GET</AllowedMethod><AllowedMethod>HEAD</AllowedMethod><AllowedMethod>PUT</AllowedMethod>
  <AllowedHeader>*</AllowedHeader>
  <ExposeHeader>ETag</ExposeHeader><ExposeHeader>Content-Range</ExposeHeader>
</CORSRule></CORSConfiguration>`;

account.DUMMY_ACCOUNT.createKeyPair('local', 'local');

const server = new S3rver({
  address: '127.0.0.1',
  port: Number(port),
  silent: true,
  directory,
  configureBuckets: [{ name: bucket, configs: [CORS] }],
});

mendStore(server.store);
mendDeletion();
// Right before the routes, where answers are not XML yet.
server.middleware.splice(-1, 0, encodeListing);
server.middleware.unshift(async (context, next) => {
  const { method, headers } = context.req;
  // Without a signature of its own: a browser asks with that of the request that it is for.
  if (method === 'OPTIONS') return next();
  const refusal = refusePresigned(context.req, (accessKeyId) =>
    accessKeyId === 'local' ? 'local' : undefined,
  );
  if (!refusal) {
    // The routes of s3rver know no empty segment.
    context.path = context.path.replace(/(?<=\/)\//g, '%2F');
    await next();
    // As S3, which tells the checksum only to whoever asks for it.
    if (context.req.headers['x-amz-checksum-mode'] !== 'ENABLED') context.remove('x-amz-checksum-sha256');
    return;
  }
  if (headers['origin'] !== undefined) context.set('Access-Control-Allow-Origin', '*');
  context.status = 403;
  context.type = 'application/xml';
  context.body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${refusal.code}</Code><Message>${refusal.message}</Message></Error>`;
});

// What one request does wrong is not to end all others, and everything that was started beside this.
process.on('uncaughtException', (error) => process.stderr.write(`${error.stack ?? error.message}\n`));

await server.run();
