/**
 * What a signature of a GetItem costs: the service's own signer, which keeps the key of a day, beside the packages `aws4` and
 * `@smithy/signature-v4`, by turns in one run. Usage: npm run bench:signers
 */
import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import aws4 from 'aws4';
import { Signer } from '../../src/database/transport/signer.js';

const ROUNDS = 7;
const SIGNATURES = 5_000;

const host = 'dynamodb.us-east-1.amazonaws.com';
const credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};
const body = JSON.stringify({
  TableName: 'panzoto-audio-files',
  Key: { file_id: { S: 'c1b7d0c2-58a5-4d0f-9a53-6a3b0a4c7f10' } },
  ConsistentRead: true,
});
const headers = {
  host,
  'content-type': 'application/x-amz-json-1.0',
  'x-amz-target': 'DynamoDB_20120810.GetItem',
};

class Sha256 {
  private readonly hash;
  constructor(secret?: string | Uint8Array) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret);
  }
  update(data: string | Uint8Array): void {
    this.hash.update(data);
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.hash.digest());
  }
  reset(): void {}
}

const own = new Signer('dynamodb', 'us-east-1');
const smithy = new SignatureV4({
  ...{ service: 'dynamodb', region: 'us-east-1', credentials },
  sha256: Sha256 as never,
});
const request = { method: 'POST', protocol: 'https:', hostname: host, path: '/', query: {}, headers, body };

const signers: Readonly<Record<string, () => unknown>> = {
  own: () => own.sign({ path: '/', headers, body }, credentials, Date.now()),
  aws4: () =>
    aws4.sign(
      { method: 'POST', service: 'dynamodb', region: 'us-east-1', path: '/', headers: { ...headers }, body },
      credentials,
    ),
  '@smithy/signature-v4': () => smithy.sign(request),
};

async function microsOf(sign: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  for (let n = 0; n < SIGNATURES; n++) await sign();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / SIGNATURES;
}

const micros = new Map(Object.keys(signers).map((name) => [name, [] as number[]]));
for (let round = 0; round < ROUNDS; round++)
  for (const [name, sign] of Object.entries(signers)) micros.get(name)?.push(await microsOf(sign));

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[ROUNDS >> 1] ?? NaN;
process.stdout.write('signer                  CPU µs\n');
for (const [name, values] of micros)
  process.stdout.write(`${name.padEnd(22)}${median(values).toFixed(1).padStart(8)}\n`);
