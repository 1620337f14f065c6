// The floors of docs/architecture.md: arrows only point downwards. `npm run check` runs this.
const test = '(/test/|/e2e/|[.](test|spec)[.]tsx?$)'
const packages = (...names) => `^packages/(${names.join('|')})/`

/** What a package may import of the others; itself is always allowed. */
const below = {
  protocol: [],
  sync: ['protocol'],
  db: ['protocol', 'sync'],
  providers: ['protocol', 'sync'],
  realtime: ['protocol', 'sync'],
  enrich: ['protocol', 'sync'],
  client: ['protocol'],
  runtime: ['protocol', 'sync', 'db', 'providers', 'realtime', 'enrich'],
}

const floors = Object.entries(below).map(([name, allowed]) => ({
  name: `floor-of-${name}`,
  comment: `packages/${name} may import ${allowed.join(', ') || 'no other package of ours'}.`,
  severity: 'error',
  from: { path: packages(name), pathNot: test },
  to: { path: '^(packages|apps|scripts)/', pathNot: packages(name, ...allowed) },
}))

export default {
  forbidden: [
    ...floors,
    {
      name: 'sandbox-stands-alone',
      comment: 'The simulators know the providers only from their documentation, never from our adapters.',
      severity: 'error',
      from: { path: packages('sandbox'), pathNot: test },
      to: { path: '^(packages|apps|scripts)/', pathNot: packages('sandbox') },
    },
    {
      name: 'sandbox-only-for-tests-and-scripts',
      comment: 'The product speaks to providers; that one of them is a stand-in is a matter of addresses.',
      severity: 'error',
      from: { path: '^(packages|apps)/', pathNot: [packages('sandbox', 'testkit'), test, '^apps/bench/'] },
      to: { path: packages('sandbox') },
    },
    {
      name: 'testkit-only-for-tests',
      severity: 'error',
      from: { pathNot: [packages('testkit'), test, '^apps/(bench|simulate)/', '^scripts/', '^[^/]+$'] },
      to: { path: packages('testkit') },
    },
    {
      name: 'nothing-imports-an-app',
      severity: 'error',
      from: { path: '^(packages|scripts)/' },
      to: { path: '^apps/' },
    },
    {
      name: 'apps-stand-apart',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'browser-code-stays-off-the-server-floors',
      comment: 'Components reach the server over HTTP; only route handlers and server files may import it.',
      severity: 'error',
      from: { path: packages('client') },
      to: { path: packages('db', 'providers', 'realtime', 'runtime') },
    },
    {
      name: 'no-cycle',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'resolvable',
      comment: "Graph's types are a package without any code, which only the compiler can resolve.",
      severity: 'error',
      from: {},
      to: {
        couldNotResolve: true,
        pathNot: ['[.]css$', '/generated/', '^@/', '^@microsoft/microsoft-graph-types$'],
      },
    },
    {
      name: 'declared',
      comment: 'A package that is used but not in the package.json resolves by luck and breaks elsewhere.',
      severity: 'error',
      from: { path: '^(packages|apps)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules'] },
    exclude: { path: ['/generated/', '/[.]next/', 'next-env[.]d[.]ts$'] },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    tsConfig: { fileName: 'apps/web/tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.cjs', '.json', '.d.ts'],
    },
  },
}
