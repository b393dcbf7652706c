import { createRequire } from 'node:module'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/support/order.ts'

const require = createRequire(import.meta.url)

export default defineConfig({
  resolve: { alias: [{ find: /^graphql$/, replacement: require.resolve('graphql/index.js') }] },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/cluster.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Stories wait half of the time: on two cores three at once take a fifth less than two, and four no less than three.
    maxWorkers: 3,
    // One process takes file after file: to load the product anew for each cost as much as all that is tested in it.
    // What a module keeps is therefore keyed by what it is of (a pool, a vault, a text), and nobody mocks modules.
    isolate: false,
    restoreMocks: true,
    sequence: { sequencer: LongestFirst },
    server: { deps: { inline: ['type-graphql', '@as-integrations/fastify', '@apollo/server'] } },
  },
})
