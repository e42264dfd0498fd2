/** One jest for the whole house: `unit` needs nothing, `int` starts real servers, `e2e` starts the product. */

// packages without CommonJS: compiled like our own source
const moduleOnly = ['typed-ocpp', 'get-port']

const compiled = (parser) => ['@swc/jest', { jsc: { target: 'es2023', parser }, module: { type: 'commonjs' } }]

const base = {
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  moduleFileExtensions: ['ts', 'tsx', 'mjs', 'js', 'json', 'node'],
  transform: {
    '^.+\\.tsx?$': compiled({ syntax: 'typescript' }),
    '^.+\\.m?js$': compiled({ syntax: 'ecmascript' }),
  },
  transformIgnorePatterns: [`/node_modules/(?!(${moduleOnly.join('|')})/)`],
  modulePathIgnorePatterns: ['/dist/', '/.voltrail/', '/.nx/'],
}
const roots = ['contracts', 'libs', 'services', 'deploy', 'test-e2e'].map((folder) => `<rootDir>/${folder}`)
const only = (displayName, testMatch, testPathIgnorePatterns = []) => ({
  ...base,
  roots,
  displayName,
  testMatch: [testMatch],
  testPathIgnorePatterns: ['/node_modules/', ...testPathIgnorePatterns],
})

export default {
  // two cores: real servers of several suites side by side would only wait for each other
  maxWorkers: 2,
  testSequencer: '<rootDir>/jest.sequencer.mjs',
  testTimeout: 30_000,
  projects: [
    only('unit', '**/*.test.ts', ['\\.int\\.test\\.ts$', '\\.e2e\\.test\\.ts$']),
    only('int', '**/*.int.test.ts'),
    only('e2e', '**/*.e2e.test.ts'),
  ],
}
