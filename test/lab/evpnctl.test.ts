import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { attempt, Fabric, waitFor, waitUntilConverged } from '../../lab/index.js';

const evpnctl = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'src', 'cli', 'main.js');

test('evpnctl beside a running leaf: the doctor finds a healthy one well and a broken device with its fix', async (t) => {
  const fabric = await Fabric.create({ leaves: [{ engine: 'evpnd' }, { engine: 'frr' }] });
  t.teardown(() => fabric.remove());
  await waitUntilConverged(fabric);
  const { socket } = fabric.evpnd('leaf1');
  const ask = (...args: string[]) => attempt(process.execPath, [evpnctl, '--socket', socket, ...args]);

  await waitFor(async () => (await ask('doctor')).code === 0, {
    what: 'a clean bill of health',
    show: () => '',
  }).catch(async () => t.fail((await ask('doctor')).stdout));

  const remote = fabric.plan.hosts.find(({ leaf }) => leaf === 'leaf2');
  if (!remote) throw new Error('no host behind leaf2');
  const story = await ask('show', 'mac', remote.mac);
  t.is(story.code, 0, story.stderr);
  t.true(story.stdout.startsWith(`VNI ${remote.vni}, ${remote.mac}\n`), story.stdout);
  t.true(story.stdout.includes(fabric.leaf('leaf2').vtep), story.stdout);
  const macs = JSON.parse((await ask('--json', 'show', 'mac', '--vtep', fabric.leaf('leaf2').vtep)).stdout);
  t.true(macs.some(({ mac, vni }: { mac: string; vni: number }) => mac === remote.mac && vni === remote.vni));

  const began = JSON.parse((await ask('--json', 'show', 'events')).stdout) as { kind: string; vni: number }[];
  t.true(
    began.some(({ kind }) => kind === 'neighbor-up'),
    JSON.stringify(began),
  );
  t.deepEqual(
    began.flatMap(({ kind, vni }) => (kind === 'vni-served' ? [vni] : [])).toSorted((a, b) => a - b),
    fabric.leaf('leaf1').segments.map(({ vni }) => vni),
  );

  const [segment] = fabric.leaf('leaf1').segments;
  const watching = ask('watch', '--json', '--kind', 'problem-found', '--since', '1m', '--count', '1');
  await fabric.exec('leaf1', 'ip', 'link', 'set', segment.vxlan, 'down');
  const sick = await waitFor(
    async () => {
      const found = await ask('doctor');
      return found.code === 1 ? found : undefined;
    },
    { what: 'a finding of the doctor' },
  );
  t.regex(sick.stdout, new RegExp(`^ +fix: ip link set (dev )?${segment.vxlan} up$`, 'm'));
  t.like(JSON.parse((await watching).stdout), { kind: 'problem-found', vni: segment.vni });

  await fabric.evpnd('leaf1').stop();
  const gone = await ask('show', 'vni');
  t.is(gone.code, 1);
  t.regex(gone.stderr, /evpnd does not run/);
});
