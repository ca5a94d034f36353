import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { attempt, Fabric, waitFor, waitUntilConverged } from '../../lab/index.js';

const evpnctl = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'src', 'cli', 'main.js');

test('VNIs and neighbors change while evpnd runs: rows follow, the file has it, a restart keeps it, an ephemeral change it does not', async (t) => {
  const fabric = await Fabric.create({ leaves: [{ engine: 'evpnd' }, { engine: 'frr' }] });
  t.teardown(() => fabric.remove());
  await waitUntilConverged(fabric);
  const evpnd = fabric.evpnd('leaf1');
  const ask = (...args: string[]) => attempt(process.execPath, [evpnctl, '--socket', evpnd.socket, ...args]);
  const [segment] = fabric.leaf('leaf1').segments;
  const remote = fabric.plan.hosts.find(({ leaf, vni }) => leaf === 'leaf2' && vni === segment.vni);
  if (!remote) throw new Error('no host behind leaf2');
  const hasRow = async () =>
    (await fabric.exec('leaf1', 'bridge', 'fdb', 'show', 'dev', segment.vxlan)).stdout.includes(remote.mac);
  const until = (wanted: boolean, what: string) =>
    waitFor(async () => (await hasRow()) === wanted, { what, show: () => '' });
  const vni = String(segment.vni);
  const before = readFileSync(evpnd.configFile, 'utf8');

  const off = await ask('config', 'set', 'vnis', vni, '{advertise: false}', '--ephemeral');
  t.is(off.code, 0, off.stderr);
  await until(false, 'the rows of a VNI that is not served to go');
  t.is(readFileSync(evpnd.configFile, 'utf8'), before);
  evpnd.signal('SIGHUP');
  await until(true, 'the rows to come back with the file');

  const saved = await ask('config', 'set', 'vnis', vni, '{advertise: false}');
  t.is(saved.code, 0, saved.stderr);
  await until(false, 'the rows of a VNI that is not served to go');
  t.regex(readFileSync(evpnd.configFile, 'utf8'), new RegExp(`- vni: ${vni}\\n +advertise: false\\n`));
  await evpnd.stop();
  await evpnd.start();
  await waitFor(async () => (await ask('show', 'status', '--json')).code === 0, {
    what: 'evpnd to answer again',
  });
  t.is(JSON.parse((await ask('config', 'show', 'vnis', vni, '--json')).stdout).advertise, false);
  t.false(await hasRow());
  t.is((await ask('config', 'delete', 'vnis', vni)).code, 0);
  await until(true, 'the rows to come back');

  const [{ name: spine }] = JSON.parse((await ask('show', 'neighbor', '--json')).stdout) as {
    name: string;
  }[];
  const settings = (await ask('config', 'show', 'neighbors', spine, '--json')).stdout;
  t.is((await ask('config', 'delete', 'neighbors', spine)).code, 0);
  await until(false, 'the rows to go with the only neighbor');
  t.is((await ask('config', 'set', 'neighbors', spine, settings)).code, 0);
  await until(true, 'the rows to come back with the neighbor');
});
