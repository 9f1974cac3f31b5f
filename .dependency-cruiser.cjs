// The architecture as a test: docs/architecture.md has the table this file holds.
const TEST = '\\.(test|bench|fixture)\\.ts$|^e2e/|^bench/';
/** Folder → folders of ours it may import. */
const ALLOWED = {
  schemas: [],
  models: ['schemas'],
  scoring: ['schemas', 'models'],
  drift: ['schemas', 'models'],
  training: ['schemas', 'models', 'drift'],
  kafka: ['schemas'],
  producers: ['schemas', 'kafka'],
  consumers: ['schemas', 'models', 'scoring', 'drift', 'training', 'kafka'],
  service: ['schemas', 'models', 'scoring', 'drift', 'training', 'kafka', 'producers', 'consumers'],
};
const FOLDERS = [...Object.keys(ALLOWED), 'cli', 'e2e', 'bench'];

const layers = Object.entries(ALLOWED).map(([folder, allowed]) => ({
  name: `${folder}-imports`,
  comment: `${folder}/ may import only ${['itself', ...allowed].join(', ')}: what crosses folders is a contract and lives in schemas/`,
  severity: 'error',
  from: { path: `^${folder}/`, pathNot: TEST },
  to: {
    path: `^(${[...FOLDERS.filter((name) => name !== folder && !allowed.includes(name)).map((name) => `${name}/`), ...(folder === 'service' ? [] : ['config[-a-z]*(\\.io)?\\.ts$'])].join('|')})`,
  },
}));

const only = (name, comment, to, files) => ({
  name,
  comment,
  severity: 'error',
  from: { pathNot: `${TEST}|^(${files.join('|')})$|^node_modules` },
  to: { path: `^node_modules/(${to})/` },
});

module.exports = {
  forbidden: [
    ...layers,
    {
      name: 'kafkajs-in-its-adapter',
      comment: 'kafkajs and its codec are known to kafka/kafkajs/: use the port (kafka/*.ts)',
      severity: 'error',
      from: { pathNot: '^kafka/kafkajs/|^node_modules' },
      to: { path: '^node_modules/(kafkajs|@mongodb-js/zstd)/' },
    },
    {
      name: 'adapter-behind-its-port',
      comment:
        'kafka/kafkajs/ is one client behind the port (kafka/*.ts): only service/wiring.io.ts chooses it',
      severity: 'error',
      from: { pathNot: `^kafka/kafkajs/|^service/wiring\\.io\\.ts$|${TEST}` },
      to: { path: '^kafka/kafkajs/' },
    },
    only(
      'registry-in-one-file',
      'the schema registry is known to schemas/registry.io.ts',
      '@kafkajs/confluent-schema-registry',
      ['schemas/registry\\.io\\.ts'],
    ),
    only('onnx-in-one-file', 'ONNX Runtime is known to scoring/onnx.io.ts', 'onnxruntime-node', [
      'scoring/onnx\\.io\\.ts',
    ]),
    {
      name: 'pure-files-import-no-edge',
      comment:
        'a file whose name does not end in .io.ts is pure: it may use the types of an edge, and is handed the rest',
      severity: 'error',
      from: { path: `^(${Object.keys(ALLOWED).join('|')})/`, pathNot: `\\.io\\.ts$|${TEST}` },
      to: { path: '\\.io\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'config-by-service-and-cli-only',
      comment: 'settings are handed in: only service/ and cli/ know the configuration',
      severity: 'error',
      from: { pathNot: `^service/|^cli/|^config[-a-z]*(\\.io)?\\.ts$|${TEST}` },
      to: { path: '^config[-a-z]*(\\.io)?\\.ts$' },
    },
    {
      name: 'no-failpoints-in-production',
      comment: 'failpoints live in e2e/ and never reach what users run',
      severity: 'error',
      from: { pathNot: TEST },
      to: { path: '^(e2e|bench)/' },
    },
    {
      name: 'no-dev-dependencies-in-production',
      comment: 'the image holds `dependencies` alone: tests, tools and generators may use the others',
      severity: 'error',
      from: { pathNot: `${TEST}|^cli/generate/|\\.config\\.(ts|js)$|^node_modules` },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: `${TEST}|\\.d\\.ts$|\\.config\\.(ts|js)$|^bin/|^\\.` },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: '^node_modules' },
    exclude: { path: '^(dist|coverage|\\.data)/' },
    tsPreCompilationDeps: true,
    preserveSymlinks: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
