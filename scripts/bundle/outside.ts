import { existsSync } from 'node:fs';

/** Folders and files of `node_modules` that a bundle does not hold and needs. */
export const OUTSIDE = [
  ...['argon2', '@phc/format', 'node-gyp-build', 'swagger-ui-dist'],
  // Optional, with the package of the platform.
  ...(existsSync('node_modules/@node-rs') ? ['@node-rs'] : []),
  ...['@zxcvbn-ts/language-common', '@zxcvbn-ts/dictionary-compression'],
  // Only says where the files of the page are.
  '@nestjs/swagger/package.json',
];
