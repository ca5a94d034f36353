// The floors of the house (docs/architecture.md): a room may import from the rooms listed for it, from itself, and where
// evpnd's own files are.
const rooms = {
  types: [],
  tables: ['types'],
  wire: ['types'],
  bfd: ['types'],
  nd: ['types'],
  events: ['types'],
  bgp: ['bfd', 'nd', 'wire', 'events', 'tables', 'types'],
  dataplane: ['events', 'tables', 'types'],
  linux: ['bfd', 'nd', 'dataplane', 'tables', 'types'],
  hosts: ['dataplane', 'tables', 'types'],
  hardware: ['dataplane', 'tables', 'types'],
  config: ['types'],
  'import-frr': ['config', 'types'],
  evpn: ['bgp', 'wire', 'dataplane', 'events', 'tables', 'types'],
  underlay: ['bgp', 'wire', 'dataplane', 'tables', 'types'],
  cli: ['types'],
  api: [
    'config',
    'evpn',
    'underlay',
    'hardware',
    'linux',
    'dataplane',
    'bgp',
    'bfd',
    'nd',
    'wire',
    'events',
    'tables',
    'types',
  ],
};
module.exports = {
  forbidden: [
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphan',
      severity: 'error',
      from: { orphan: true, pathNot: ['src/main\\.ts$', '\\.d\\.ts$'] },
      to: {},
    },
    ...Object.entries(rooms).map(([room, below]) => ({
      name: `${room}-imports-only-downward`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: {
        path: '^src/',
        pathNot: ['^src/installation\\.ts$', ...[room, ...below].map((r) => `^src/${r}/`)],
      },
    })),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.js'] },
  },
};
