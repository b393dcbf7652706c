import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

/**
 * A tree of one-line files, each named for the rule it keeps or breaks, judged by the real configuration.
 * A rule that has stopped firing (a moved folder, a wrong pattern) is otherwise indistinguishable from a clean house.
 */
const LEGAL: Record<string, string[]> = {
  'src/errors.ts': [],
  'src/config.ts': ['./errors.ts'],
  'src/domain/step.ts': ['./facts.ts', '../errors.ts'],
  'src/domain/facts.ts': [],
  'src/store/sql.ts': ['../domain/facts.ts', '../errors.ts', 'pg', 'node:fs'],
  'src/store/migrate.ts': ['../../migrations/list.ts'],
  'src/queue/queue.ts': ['../store/sql.ts', 'pg-boss'],
  'src/realtime/listen.ts': ['../store/sql.ts'],
  'src/channels/channel.ts': ['../domain/facts.ts'],
  'src/channels/http.ts': ['node:http'],
  'src/channels/twilio-codes.ts': [],
  'src/channels/twilio-sms.ts': ['./channel.ts', './http.ts', './twilio-codes.ts', 'twilio'],
  'src/channels/registry.ts': ['./twilio-sms.ts', './channel.ts'],
  'src/sandbox/fcm.ts': ['../domain/facts.ts', 'firebase-admin/messaging'],
  'src/lanes/inbox.ts': ['../store/sql.ts', '../queue/queue.ts', '../realtime/listen.ts', '../logger.ts'],
  'src/lanes/tick.ts': ['./inbox.ts', '../domain/step.ts'],
  'src/services/journeys.ts': ['../store/sql.ts', '../lanes/inbox.ts', '../queue/queue.ts', '../domain/step.ts'],
  'src/graphql/journeys.ts': ['../services/journeys.ts', '../domain/facts.ts', '../realtime/listen.ts'],
  'src/http/server.ts': [
    '../graphql/journeys.ts',
    '../channels/registry.ts',
    '../channels/channel.ts',
    '../lanes/inbox.ts',
    '../services/journeys.ts',
  ],
  'src/app.ts': ['./http/server.ts', './store/sql.ts', './lanes/tick.ts', './sandbox/fcm.ts', './channels/twilio-sms.ts'],
  'src/main.ts': ['./app.ts', './config.ts'],
  'jobs/ring.ts': [
    '../src/lanes/tick.ts',
    '../src/queue/queue.ts',
    '../src/channels/registry.ts',
    '../src/services/journeys.ts',
    '../src/store/sql.ts',
  ],
  'jobs/worker.ts': ['./ring.ts', '../src/config.ts', '../src/realtime/listen.ts'],
  'migrations/list.ts': ['@mikro-orm/migrations'],
}

/** [file, what it imports, the rules that must say so] */
const ILLEGAL: [string, string, string[]][] = [
  ['src/domain/reads-clock.ts', 'node:timers', ['domain-is-pure']],
  ['src/domain/uses-library.ts', 'pg', ['domain-is-pure']],
  ['src/domain/logs.ts', '../logger.ts', ['domain-is-pure']],
  ['src/domain/stores.ts', '../store/sql.ts', ['domain-is-pure']],
  ['src/store/knows-lanes.ts', '../lanes/inbox.ts', ['store-imports']],
  ['src/store/runs-migrations.ts', '../../migrations/list.ts', ['migrations-through-the-store']],
  ['src/queue/knows-lanes.ts', '../lanes/inbox.ts', ['queue-imports']],
  ['src/realtime/knows-services.ts', '../services/journeys.ts', ['realtime-imports']],
  ['src/channels/stores.ts', '../store/sql.ts', ['channels-imports']],
  ['src/channels/sendgrid.ts', './twilio-sms.ts', ['adapters-never-import-each-other']],
  ['src/channels/fcm.ts', './registry.ts', ['adapters-never-import-each-other']],
  ['src/sandbox/knows-adapter.ts', '../channels/twilio-sms.ts', ['sandbox-imports']],
  ['src/lanes/sends.ts', '../channels/channel.ts', ['lanes-imports']],
  ['src/services/ticks.ts', '../lanes/tick.ts', ['services-imports']],
  ['src/services/knows-provider.ts', 'twilio', ['provider-sdks-stay-in-channels']],
  ['src/services/mails.ts', '@sendgrid/mail', ['provider-sdks-stay-in-channels']],
  ['src/services/pushes.ts', 'firebase-admin/app', ['provider-sdks-stay-in-channels']],
  ['src/services/web-pushes.ts', 'web-push', ['provider-sdks-stay-in-channels']],
  ['src/graphql/stores.ts', '../store/sql.ts', ['graphql-imports']],
  ['src/graphql/sends.ts', '../channels/channel.ts', ['graphql-imports']],
  ['src/graphql/delivers.ts', '../lanes/inbox.ts', ['graphql-imports']],
  ['src/http/stores.ts', '../store/sql.ts', ['http-imports']],
  ['src/http/knows-adapter.ts', '../channels/twilio-sms.ts', ['http-imports']],
  ['src/http/ticks.ts', '../lanes/tick.ts', ['http-imports']],
  ['src/graphql/constructs.ts', '../app.ts', ['graphql-imports', 'nobody-imports-entry-points']],
  ['src/demo.ts', '../jobs/ring.ts', ['src-never-imports-jobs']],
  ['jobs/serves.ts', '../src/graphql/journeys.ts', ['jobs-imports']],
  ['migrations/stores.ts', '../src/store/sql.ts', ['migrations-imports']],
  ['src/logger.ts', './domain/facts.ts', ['roots-are-leaves']],
  ['jobs/tests-itself.ts', 'only-for-tests', ['no-development-packages']],
  // A cycle made of types alone, the other half of it written inline, still is one.
  ['src/domain/egg.ts', './hen.ts', ['no-cycles']],
]

interface Summary {
  summary: { violations: { from: string; to: string; rule: { name: string } }[]; totalCruised: number }
}

let directory: string
let found: [file: string, rule: string][]

async function put(file: string, text: string): Promise<void> {
  await mkdir(dirname(join(directory, file)), { recursive: true })
  await writeFile(join(directory, file), text)
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'throughline-house-'))
  await put('tsconfig.json', '{ "compilerOptions": { "module": "nodenext", "allowImportingTsExtensions": true, "noEmit": true } }')
  await put('package.json', '{ "name": "fixture", "type": "module", "devDependencies": { "only-for-tests": "1.0.0" } }')
  await put('node_modules/only-for-tests/package.json', '{ "name": "only-for-tests", "version": "1.0.0", "main": "index.js" }')
  await put('node_modules/only-for-tests/index.js', '')
  await put('src/domain/hen.ts', `export type Anything = import('./egg.ts').Here[]\n`)
  for (const [file, imports] of Object.entries(LEGAL)) {
    await put(file, `${imports.map((name, index) => `import type * as i${index} from '${name}'\n`).join('')}export const here = 1\n`)
  }
  for (const [file, name] of ILLEGAL) await put(file, `import type { Anything } from '${name}'\nexport type Here = Anything\n`)
  const output = await new Promise<string>((done, fail) => {
    const cruise = resolve('node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
    const options = ['--config', resolve('.dependency-cruiser.cjs'), '--output-type', 'json', 'src', 'jobs', 'migrations']
    // Its exit code is the number of violations; only silence means that it did not run.
    execFile(process.execPath, [cruise, ...options], { cwd: directory, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (stdout === '') fail(error ?? stderr)
      else done(stdout)
    })
  })
  found = (JSON.parse(output) as Summary).summary.violations.map((violation) => [violation.from, violation.rule.name])
})

afterAll(() => rm(directory, { recursive: true, force: true }))

const rulesOf = (file: string) => [...new Set(found.filter(([from]) => from === file).map(([, rule]) => rule))].sort()

test('what the table allows is allowed', () => {
  expect(found.filter(([file]) => file in LEGAL)).toEqual([])
})

test.each(ILLEGAL)('%s may not import %s', (file, _imported, rules) => {
  expect(rulesOf(file)).toEqual(rules)
})

test('every rule of the configuration is proved here', () => {
  const { forbidden } = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as { forbidden: { name: string }[] }
  expect(forbidden.map((rule) => rule.name).sort()).toEqual([...new Set(ILLEGAL.flatMap(([, , rules]) => rules))].sort())
})
