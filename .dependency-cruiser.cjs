/**
 * The layers of `src`, from the lowest to the highest: a folder imports from its own layer and from those below it. Folders
 * of one layer do not know each other.
 */
const LAYERS = [
  ['common'],
  ['config'],
  ['metrics', 'redis', 'user-data'],
  ['audit', 'database', 'storage'],
  ['limits', 'users'],
  ['sessions'],
  ['auth', 'audio-files', 'health'],
  ['account'],
  ['takeover', 'reconcile', 'lambda'],
];

/** The same within `src/audio-files`; what is not in a folder puts the others together. */
const AUDIO_FILES = [['records'], ['usage'], ['uploads']];

const within = (root, folders) => `^${root}/(${folders.join('|')})/`;

function layerRules(root, layers) {
  return layers.flatMap((layer, level) =>
    layer.map((folder) => ({
      name: `layers-${folder}`,
      comment: 'A folder imports from folders below its own; see LAYERS.',
      severity: 'error',
      from: { path: within(root, [folder]) },
      to: {
        path: within(root, [...layers.slice(level + 1).flat(), ...layer.filter((other) => other !== folder)]),
      },
    })),
  );
}

module.exports = {
  forbidden: [
    ...layerRules('src', LAYERS),
    ...layerRules('src/audio-files', AUDIO_FILES),
    {
      name: 'no-folder-without-a-layer',
      comment: 'A new module has its place in LAYERS.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: within('src', [...LAYERS.flat(), 'commands']) },
      to: {},
    },
    {
      name: 'records-know-no-accounts',
      comment: 'Whose a record is, is an id; what both sides need is in common or user-data.',
      severity: 'error',
      from: { path: '^src/audio-files/' },
      to: { path: '^src/(users|sessions)/' },
    },
    {
      name: 'no-import-of-the-top',
      comment: 'What starts the application, and the commands, are imported by nothing below them.',
      severity: 'error',
      from: { path: '^src/(?!commands/)[^/]+/' },
      to: { path: '^src/([^/]+\\.ts$|commands/)' },
    },
    {
      name: 'no-circle',
      comment: 'Two files that need each other are one, or have a third one in common.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'rules-know-no-transport',
      comment: 'DynamoDB, S3 and HTTP exist in repositories, stores, controllers, guards and middleware.',
      severity: 'error',
      from: { path: '\\.service\\.ts$' },
      to: { path: 'node_modules/(@aws-sdk|express|@types/express|@nestjs/platform-express)/' },
    },
    {
      name: 'no-test-in-the-service',
      severity: 'error',
      comment: 'What is shipped imports no test, no script and no package for development.',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { path: ['^(test|scripts)/', '\\.spec\\.ts$'] },
    },
  ],
  options: {
    // Imports of types are arrows too.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.spec\\.ts$' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
};
