import { common, engine } from './jest.config.js';

/** Specs of the whole service that know it by HTTP alone. */
const THROUGH_THE_FUNCTION = [
  ...['registration', 'registration-rules', 'login', 'account', 'sessions', 'password-care'],
  ...['audio-files', 'audio-files-of-a-user', 'audio-upload', 'audio-upload-rules', 'presigned-url'],
  ...['batch-create', 'batch-delete', 'batch-get', 'bad-bodies', 'bad-input', 'http-methods'],
  ...['idempotency', 'presigned-url-announced', 'security-checklist-requests'],
];

/** Real processes, which are stopped and go on: on machines with signals only. */
export default {
  projects: [
    {
      ...common,
      ...engine,
      displayName: 'lambda',
      testMatch: ['<rootDir>/test/lambda/**/*.spec.ts'],
    },
    {
      ...common,
      ...engine,
      displayName: 'lambda e2e',
      testMatch: THROUGH_THE_FUNCTION.map((name) => `<rootDir>/test/e2e/${name}.spec.ts`),
      setupFiles: [...common.setupFiles, '<rootDir>/test/lambda/support/through-the-function.ts'],
    },
  ],
  testTimeout: 30_000,
  maxWorkers: 1,
};
