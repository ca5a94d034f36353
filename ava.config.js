import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// EVPND_BUILD names another output folder of tsc, so that two builds of one checkout do not meet.
const build = process.env.EVPND_BUILD ?? 'build';

// Files of tests that need a process of their own: they look at its memory, its event loop, its threads or its exit, keep it
// busy for long, have hooks, or await something before they declare their tests.
const alone = {
  api: ['listen', 'openapi', 'problems', 'resources'],
  bgp: ['tcp', 'tcp-security', 'transport'],
  cli: ['completion'],
  config: ['fixed-settings'],
  daemon: [
    'configuration-cache',
    'event-loop',
    'helper-threads',
    'instance-lock',
    'memory-at-rest',
    'package',
    'process-memory',
    'shapes',
  ],
  evpn: ['property'],
  'import-frr': ['faults'],
  linux: ['exchange', 'native'],
  packaging: ['bundle'],
  types: ['route-distinguisher'],
};

// Those that take longest begin first, so that no processor is idle at the end.
const longest = [
  'api',
  'evpn',
  'package',
  'bundle',
  'bgp',
  'property',
  'fixed-settings',
  'wire',
  'underlay',
  'faults',
  'cli',
];
const rank = (file) => {
  const place = longest.findIndex((name) => file.endsWith(`/${name}.test.js`));
  return place < 0 ? longest.length : place;
};

/** Makes a file for each of these rooms that imports the room's files of tests; returns these and the files that stand alone. */
function together(rooms) {
  const folder = join(build, 'together');
  mkdirSync(folder, { recursive: true });
  const files = [];
  for (const room of rooms) {
    const names = readdirSync(join(build, 'test', room)).filter((name) => name.endsWith('.test.js'));
    const apart = names.filter((name) => alone[room]?.includes(name.replace('.test.js', '')));
    files.push(...apart.map((name) => join(build, 'test', room, name)));
    const shared = names.filter((name) => !apart.includes(name));
    if (shared.length === 0) continue;
    const file = join(folder, `${room}.test.js`);
    writeFileSync(file, shared.map((name) => `import '../test/${room}/${name}';\n`).join(''));
    files.push(file);
  }
  return files;
}

// A process for each file spends most of its time on its start: scripts/test.sh, which runs all of them, names in EVPND_ROOMS
// the rooms whose files share one.
export default {
  files: process.env.EVPND_ROOMS
    ? together(process.env.EVPND_ROOMS.split(' '))
    : [`${build}/test/**/*.test.js`, ...(process.env.EVPND_LAB ? [] : [`!${build}/test/lab/**`])],
  sortTestFiles: (a, b) => rank(a) - rank(b) || (a < b ? -1 : 1),
  workerThreads: false,
  // Of lab tests some run a scenario of minutes as one test
  timeout: process.env.EVPND_LAB ? '10m' : '2m',
};
