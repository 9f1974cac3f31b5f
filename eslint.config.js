import tseslint from 'typescript-eslint';

/** What a pure file may not touch; each with what to do instead. */
const IO_MODULES = ['fs', 'fs/promises', 'net', 'http', 'https', 'http2', 'dgram', 'dns', 'tls', 'child_process', 'worker_threads', 'cluster', 'os', 'readline', 'process', 'perf_hooks', 'timers', 'timers/promises', 'stream', 'stream/promises', 'stream/consumers']; // prettier-ignore
const IO_PACKAGES = [
  'kafkajs',
  'onnxruntime-node',
  'fastify',
  'pino',
  'prom-client',
  '@kafkajs/confluent-schema-registry',
];
const PURE =
  'a file whose name does not end in .io.ts is pure: hand this in from an edge (.io.ts, cli/ or main.ts)';
const pureGlobals = [
  'process',
  'console',
  'fetch',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'performance',
  'crypto',
  'WebSocket',
];
const pureSyntax = [
  ["CallExpression[callee.object.name='Date'][callee.property.name='now']", 'Date.now()'],
  ["NewExpression[callee.name='Date'][arguments.length=0]", 'new Date()'],
  ["CallExpression[callee.object.name='Math'][callee.property.name='random']", 'Math.random()'],
  ["ImportDeclaration[source.value='node:crypto'] ImportSpecifier[imported.name=/^random/]", 'randomness'],
];

export default tseslint.config(
  {
    ignores: [
      'node_modules',
      'dist',
      'coverage',
      '.data',
      'schemas/generated.ts',
      'training/onnx_pb.ts',
      '**/*.js',
      '**/*.cjs',
    ],
  },
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Indexing is checked by the compiler (noUncheckedIndexedAccess); the assertion says "inside its bounds".
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: 'always' }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: false }],
      // Our objects are closures and have no `this`; there are no classes with methods to unbind.
      '@typescript-eslint/unbound-method': 'off',
      'no-console': 'error',
    },
  },
  {
    files: ['**/*.ts'],
    ignores: [
      '**/*.io.ts',
      '**/*.test.ts',
      '**/*.bench.ts',
      'main.ts',
      'wiring.ts',
      'config.ts',
      'cli/**',
      'e2e/**',
      'bench/**',
      '*.config.ts',
    ],
    rules: {
      'no-restricted-globals': ['error', ...pureGlobals.map((name) => ({ name, message: PURE }))],
      'no-restricted-syntax': [
        'error',
        ...pureSyntax.map(([selector, what]) => ({ selector, message: `${what}: ${PURE}` })),
      ],
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          paths: [...IO_MODULES.flatMap((name) => [name, `node:${name}`]), ...IO_PACKAGES].map((name) => ({
            name,
            message: PURE,
            allowTypeImports: true,
          })),
          patterns: [{ group: ['**/*.io.ts'], message: PURE, allowTypeImports: true }],
        },
      ],
    },
  },
  { files: ['e2e/**', 'cli/**', 'bench/**'], rules: { 'no-console': 'off' } },
);
