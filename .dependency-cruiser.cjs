/**
 * Who may import whom. One row per folder: everything under src, jobs and migrations that a row does not name
 * is forbidden to it. Type-only imports count: a type is knowledge of the other side, too.
 */
const MAY_IMPORT = {
  'src/domain': [],
  'src/store': ['src/domain', 'migrations'],
  'src/queue': ['src/domain', 'src/store'],
  'src/realtime': ['src/domain', 'src/store'],
  'src/channels': ['src/domain'],
  'src/sandbox': ['src/domain'],
  'src/lanes': ['src/domain', 'src/store', 'src/queue', 'src/realtime'],
  'src/services': ['src/domain', 'src/store', 'src/lanes/inbox.ts', 'src/queue'],
  'src/graphql': ['src/services', 'src/domain', 'src/realtime'],
  'src/http': [
    'src/domain',
    'src/graphql',
    'src/realtime',
    'src/channels/channel.ts',
    'src/channels/registry.ts',
    'src/lanes/inbox.ts',
    'src/services',
  ],
  jobs: ['src/domain', 'src/lanes', 'src/channels', 'src/services', 'src/store', 'src/queue', 'src/realtime'],
  migrations: [],
}

/** Known to every folder but the domain, which knows errors.ts alone. */
const EVERYWHERE = ['src/errors.ts', 'src/logger.ts', 'src/config.ts']

/** Files that construct things: they may import everything, and nothing but tests and each other imports them. */
const ENTRY_POINTS = '^(src/(main|app|start)|jobs/main)\\.ts$'

/** Resolved into node_modules, or left bare where a package is not installed. */
const SDKS = '(^|node_modules/)(twilio|@sendgrid/[^/]+|firebase-admin|web-push|nodemailer)(/|$)'

const escaped = (path) => path.replaceAll('.', '\\.')
const under = (path) => (path.endsWith('.ts') ? `^${escaped(path)}$` : `^${path}/`)

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'A cycle is one module in several files: none can be read, tested or moved alone.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'domain-is-pure',
      comment: 'The same step serves the live engine, simulation and replay only while it has no clock, no I/O and no library of its own.',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { pathNot: '^src/(domain/|errors\\.ts$)' },
    },
    ...Object.entries(MAY_IMPORT)
      .filter(([folder]) => folder !== 'src/domain')
      .map(([folder, allowed]) => ({
        name: `${folder.replace('src/', '')}-imports`,
        comment: `${folder} may import: ${[folder, ...allowed, ...EVERYWHERE].join(', ')}.`,
        severity: 'error',
        from: { path: `^${folder}/`, pathNot: ENTRY_POINTS },
        to: { path: '^(src|jobs|migrations|test)/', pathNot: [folder, ...allowed, ...EVERYWHERE].map(under).join('|') },
      })),
    {
      name: 'roots-are-leaves',
      comment: 'What everybody imports imports nobody, or everything depends on everything.',
      severity: 'error',
      from: { path: EVERYWHERE.map(under).join('|') },
      to: { path: '^(src|jobs|migrations|test)/', pathNot: EVERYWHERE.map(under).join('|') },
    },
    {
      name: 'src-never-imports-jobs',
      comment:
        'The API must be able to run without a worker in it; what both need is under src. Only `npm start`, which is both at once, imports both.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/start\\.ts$' },
      to: { path: '^jobs/' },
    },
    {
      name: 'nobody-imports-entry-points',
      comment: 'Importing the composition root is asking for a global.',
      severity: 'error',
      from: { path: '^(src|jobs|migrations)/', pathNot: ENTRY_POINTS },
      to: { path: ENTRY_POINTS },
    },
    {
      name: 'migrations-through-the-store',
      comment: 'Only migrate.ts runs them.',
      severity: 'error',
      from: { path: '^(src|jobs)/', pathNot: '^src/store/migrate\\.ts$' },
      to: { path: '^migrations/' },
    },
    {
      name: 'provider-sdks-stay-in-channels',
      comment: 'A provider is one file: an SDK type seen elsewhere would make it two.',
      severity: 'error',
      from: { path: '^(src|jobs|migrations)/', pathNot: '^src/(channels|sandbox)/' },
      to: { path: SDKS },
    },
    {
      name: 'adapters-never-import-each-other',
      comment:
        "An adapter knows channel.ts, http.ts, failures.ts, address-guard.ts and the files that begin with its own provider's name (its tables); only registry.ts knows adapters.",
      severity: 'error',
      from: { path: '^src/channels/([a-z0-9]+)[^/]*\\.ts$', pathNot: '^src/channels/registry\\.ts$' },
      to: { path: '^src/channels/', pathNot: '^src/channels/((channel|http|failures|address-guard)\\.ts$|$1[-.])' },
    },
    {
      name: 'no-development-packages',
      comment: 'The production image installs without them.',
      severity: 'error',
      from: { path: '^(src|jobs|migrations)/' },
      to: { dependencyTypes: ['npm-dev'] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
}
