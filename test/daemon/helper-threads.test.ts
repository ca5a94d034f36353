import { spawnSync } from 'node:child_process';
import test from 'ava';

/** In a process of its own, whose threads are no other test's. */
const script = (file: string) => `
  import { readdirSync, readFileSync } from 'node:fs';
  import { yieldHelperThreads } from ${JSON.stringify(file)};
  yieldHelperThreads();
  const nice = (thread) => {
    const stat = readFileSync('/proc/self/task/' + thread + '/stat', 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
  };
  const others = readdirSync('/proc/self/task').filter((thread) => Number(thread) !== process.pid);
  console.log(JSON.stringify([nice(process.pid), others.map(nice)]));
`;

test('all threads but the main one yield', (t) => {
  const file = new URL('../../src/helper-threads.js', import.meta.url).href;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--v8-pool-size=2', '--input-type=module', '--eval', script(file)],
    { encoding: 'utf8' },
  );
  t.is(stderr, '');
  const [main, others] = JSON.parse(stdout) as [number, number[]];
  t.is(main, 0);
  t.true(others.length >= 2);
  t.deepEqual([...new Set(others)], [5]);
});
