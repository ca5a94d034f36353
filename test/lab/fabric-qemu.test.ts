import { spawnSync } from 'node:child_process';
import test from 'ava';
import { pace, runInQemu, setUpNewerKernel } from '../../lab/index.js';

test.before('the kernel of a newer Debian', async (t) => {
  t.timeout(310_000);
  await setUpNewerKernel();
});

/** Prints what the kernel has that the host's and user-mode-linux lack. */
const script = `
  const { spawnSync } = require('node:child_process');
  const sh = (command) => spawnSync('sh', ['-ec', command], { encoding: 'utf8' });
  const bond = sh('ip link add bond1 type bond mode 802.3ad && ip -d link show bond1');
  const locked = sh(
    'ip link add br0 type bridge vlan_filtering 1; ip link add p0 type dummy; ip link set p0 master br0;' +
      'bridge link set dev p0 learning on locked on mab on; bridge -d link show dev p0',
  );
  console.log(JSON.stringify({
    release: require('node:os').release(),
    bond: /mode 802.3ad/.test(bond.stdout),
    locked: /locked on mab on/.test(locked.stdout),
    error: bond.stderr + locked.stderr,
  }));
  process.exit(7);
`;

test('a script runs on Linux 6.12 with bonds and locked ports, and its exit code comes through', async (t) => {
  t.timeout(70_000 * pace);
  const { code, stdout, stderr } = await runInQemu('-e', [script], { timeout: 60_000 });
  t.is(code, 7, stderr);
  const { release, ...rest } = JSON.parse(stdout) as Record<string, unknown>;
  t.regex(String(release), /^6\.12\./);
  t.deepEqual(rest, { bond: true, locked: true, error: '' });
});

test('a machine that hangs is ended, and no process of it is left', async (t) => {
  t.timeout(60_000 * pace);
  const { code, stderr } = await runInQemu('-e', ['setInterval(() => {}, 1000)'], { timeout: 8_000 });
  t.is(code, 124, stderr);
  t.is(spawnSync('pgrep', ['-f', `evpnd-qemu-${process.pid}-`], { encoding: 'utf8' }).stdout, '');
});
