import tseslint from 'typescript-eslint';
import { noInputNames } from './.eslint-input-names.js';

const PURE = 'a file whose name does not end in .io.ts is pure: hand this in from an edge (.io.ts, cli/)';
/** What a pure file may import beside our own files: packages that compute and nothing else. */
const PURE_PACKAGES = [
  'yaml',
  'node:buffer',
  'node:crypto',
  '@bufbuild/protobuf',
  '@bufbuild/protobuf/wire',
  'avsc',
  'zod',
];
const IMPURE_GLOBALS = [
  'process',
  'console',
  'fetch',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'performance',
  'crypto',
  'navigator',
  'require',
  'globalThis',
  'global',
  'Intl',
  'WebSocket',
  'EventSource',
  'MessageChannel',
  'BroadcastChannel',
];
const IMPURE_PROPERTIES = [
  ['Date', 'now'],
  ['Math', 'random'],
  ['AbortSignal', 'timeout'],
];
const IMPURE_SYNTAX = [
  ["NewExpression[callee.name='Date'][arguments.length=0]", 'new Date()'],
  ["CallExpression[callee.name='Date']", 'Date()'],
  ['ImportExpression', 'a dynamic import'],
  ["MetaProperty[meta.name='import']", 'import.meta'],
  // What these give depends on the machine's language and time zone.
  [
    'MemberExpression[property.name=/^(toLocale\\w*|localeCompare|getTimezoneOffset|(get|set)(Date|Day|FullYear|Hours|Minutes|Month))$/]',
    'a local format or time zone',
  ],
];

/** What dependency-cruiser cannot see: a library taken by `require`. */
const NO_REQUIRE =
  'createRequire hides a library from the import rules: import it; kafkajs is known to kafka/kafkajs/ alone, behind the port kafka/port.ts';

export default tseslint.config(
  {
    ignores: [
      'node_modules',
      'dist',
      'coverage',
      '.data',
      'schemas/generated.ts',
      'models/onnx_pb.ts',
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
    ignores: ['kafka/kafkajs/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: ['node:module', 'module'].map((name) => ({
            name,
            importNames: ['createRequire', 'default'],
            message: NO_REQUIRE,
          })),
        },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'ImportExpression[source.value=/^(node:)?module$/]', message: NO_REQUIRE },
        { selector: "MemberExpression[property.name='getBuiltinModule']", message: NO_REQUIRE },
      ],
    },
  },
  {
    files: ['**/*.ts'],
    ignores: [
      '**/*.io.ts',
      '**/*.test.ts',
      '**/*.bench.ts',
      '**/*.fixture.ts',
      'cli/**',
      'e2e/**',
      'bench/**',
      '*.config.ts',
    ],
    rules: {
      'no-restricted-globals': ['error', ...IMPURE_GLOBALS.map((name) => ({ name, message: PURE }))],
      'no-restricted-properties': [
        'error',
        ...IMPURE_PROPERTIES.map(([object, property]) => ({ object, property, message: PURE })),
      ],
      'no-restricted-syntax': [
        'error',
        ...IMPURE_SYNTAX.map(([selector, what]) => ({ selector, message: `${what}: ${PURE}` })),
      ],
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          paths: [{ name: 'node:crypto', allowImportNames: ['createHash'], message: PURE }],
          patterns: [
            { group: ['**/*.io.ts'], message: PURE, allowTypeImports: true },
            {
              regex: `^(?!\\.|(${PURE_PACKAGES.join('|')})$)`,
              message: `${PURE}; a package that only computes: PURE_PACKAGES of eslint.config.js`,
              allowTypeImports: true,
            },
          ],
        },
      ],
    },
  },
  {
    files: ['**/*.ts'],
    // The bank's own: its simulator, and how its customers drift.
    ignores: [
      '**/*.test.ts',
      '**/*.bench.ts',
      '**/*.fixture.ts',
      'e2e/**',
      'bench/**',
      'producers/simulator.ts',
      'producers/drift-scenarios.ts',
    ],
    plugins: { house: { rules: { 'no-input-names': noInputNames } } },
    rules: { 'house/no-input-names': 'error' },
  },
  { files: ['e2e/**', 'cli/**', 'bench/**'], rules: { 'no-console': 'off' } },
);
