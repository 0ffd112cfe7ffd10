import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // Files wait for databases and processes more than they compute.
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Node runs the sources itself (type stripping): one instance of graphql, and stacks as written.
    experimental: { viteModuleRunner: false },
  },
})
