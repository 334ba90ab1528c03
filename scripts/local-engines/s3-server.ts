/**
 * An S3 stand-in as a program: s3rver, which stores objects as files, with a verification of presigned URLs, which
 * s3rver lacks, and with conditional writes, checksums and keys like S3. Arguments: port, directory, bucket. Access key
 * and secret are `local`.
 */
import S3rver from 's3rver';
import account from 's3rver/lib/models/account.js';
import { refusePresigned } from './presigned.js';
import { encodeListing, mendDeletion } from './s3-keys.js';
import { mendStore } from './s3-store.js';

const [port = '', directory = '', bucket = ''] = process.argv.slice(2);

/** Pages of any origin may upload and download, as in a development bucket. */
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
// Immediately before the routes, where responses are not XML yet.
server.middleware.splice(-1, 0, encodeListing);
server.middleware.unshift(async (context, next) => {
  const { method, headers } = context.req;
  // Preflights have no signature: they have the URL of the request that follows.
  if (method === 'OPTIONS') return next();
  const refusal = refusePresigned(context.req, (accessKeyId) =>
    accessKeyId === 'local' ? 'local' : undefined,
  );
  if (!refusal) {
    // The routes of s3rver do not match empty segments.
    context.path = context.path.replace(/(?<=\/)\//g, '%2F');
    await next();
    // Like S3, which returns the checksum only on request.
    if (context.req.headers['x-amz-checksum-mode'] !== 'ENABLED') context.remove('x-amz-checksum-sha256');
    return;
  }
  if (headers['origin'] !== undefined) context.set('Access-Control-Allow-Origin', '*');
  context.status = 403;
  context.type = 'application/xml';
  context.body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${refusal.code}</Code><Message>${refusal.message}</Message></Error>`;
});

// An error in one request must not end the process, and everything that was started with it.
process.on('uncaughtException', (error) => process.stderr.write(`${error.stack ?? error.message}\n`));

await server.run();
