import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    // The fixtures are modules of a copy of the service, in which a test checks them.
    ignores: ['dist/', 'coverage/', '.data/', 'node_modules/', 'test/fixtures/'],
  },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['*.js'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // Nest modules are empty classes that carry a decorator.
      '@typescript-eslint/no-extraneous-class': 'off',
      eqeqeq: 'error',
    },
  },
  {
    // For versions of Node that know no modules.
    files: ['**/*.cjs'],
    ...tseslint.configs.disableTypeChecked,
    languageOptions: {
      parserOptions: { projectService: false },
      globals: { require: 'readonly', process: 'readonly', __dirname: 'readonly' },
    },
    rules: {
      ...tseslint.configs.disableTypeChecked.rules,
      '@typescript-eslint/no-require-imports': 'off',
      'no-var': 'off',
    },
  },
  {
    // They import the built service, which has no types here.
    files: ['scripts/bench/*.mjs'],
    ...tseslint.configs.disableTypeChecked,
  },
  {
    // Run by Node without a compiler: the runtime of the emulated Lambda, and functions for it.
    files: ['scripts/lambda/runtime/*.mjs', 'test/lambda/fixtures/*.mjs'],
    ...tseslint.configs.disableTypeChecked,
    languageOptions: { parserOptions: { projectService: false } },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/config/**', 'src/commands/**', 'src/main.ts', 'src/lambda.ts'],
    rules: {
      'no-console': 'error',
      // The environment is read once, in src/config.
      'no-restricted-properties': ['error', { object: 'process', property: 'env' }],
    },
  },
  {
    // Supertest bodies are `any`; the tests compare them whole.
    files: ['test/**/*.ts', 'src/**/*.spec.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
);
