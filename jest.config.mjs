/** One jest for the whole house: `unit` needs nothing, `int` starts real servers, `e2e` starts the product. */
const base = {
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: [],
  moduleFileExtensions: ['ts', 'tsx', 'mjs', 'js', 'json', 'node'],
  transform: {
    '^.+\\.tsx?$': [
      '@swc/jest',
      { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
    ],
  },
  modulePathIgnorePatterns: ['/dist/', '/.voltrail/', '/.nx/'],
}
const roots = ['contracts', 'libs', 'services', 'deploy', 'test-e2e'].map((folder) => `<rootDir>/${folder}`)

export default {
  // two cores: real servers of several suites side by side would only wait for each other
  maxWorkers: 2,
  testTimeout: 30_000,
  projects: [
    { ...base, roots, displayName: 'unit', testMatch: ['**/*.test.ts'], testPathIgnorePatterns: ['\\.int\\.test\\.ts$', '\\.e2e\\.test\\.ts$'] },
    { ...base, roots, displayName: 'int', testMatch: ['**/*.int.test.ts'] },
    { ...base, roots, displayName: 'e2e', testMatch: ['**/*.e2e.test.ts'] },
  ],
}
