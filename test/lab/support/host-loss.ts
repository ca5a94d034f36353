import assert from 'node:assert/strict';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Daemon, type Fabric, waitFor } from '../../../lab/index.js';
import type { NeighEvent } from './neigh-events.js';

const NTF_EXT_LEARNED = 0x10;
/** Each watch has a log of its own. */
let watches = 0;

/**
 * Runs `work`, during which the host stays behind this leaf, and asserts that nobody but the kernel itself took a row of
 * it away or turned it into a remote one. Then it takes the row away itself, to see that the watch would have told.
 * `address` is IPv4.
 */
export async function losesNothingOf(
  fabric: Fabric,
  leaf: string,
  host: { readonly mac: string; readonly address: string },
  work: () => Promise<void>,
): Promise<void> {
  const program = fileURLToPath(new URL('./neigh-events.js', import.meta.url));
  const watch = await Daemon.start(
    `watch on ${leaf}`,
    'ip',
    ['netns', 'exec', fabric.namespace(leaf), process.execPath, program],
    join(fabric.folder, `host-loss-${++watches}`),
  );
  try {
    await waitFor(() => watch.log().includes('ready') || !watch.running, { what: watch.name });
    await work();
    const dst = Buffer.from(host.address.split('.').map(Number)).toString('hex');
    const losses = () =>
      watch
        .log()
        .split('\n')
        .filter((line) => line.startsWith('{"at"'))
        .map((line) => JSON.parse(line) as NeighEvent)
        .filter(({ mac, dst: ip }) => mac === host.mac || ip === dst)
        .filter(
          // A neighbor that expires goes by the kernel's own hand
          ({ gone, flags, port, master }) =>
            (flags & NTF_EXT_LEARNED) !== 0 || (gone && (master || port !== 0)),
        );
    assert.deepEqual(losses(), []);
    assert.ok(watch.running && !watch.log().includes('{"lost"'), `${watch.name} saw not all`);
    const shown = await fabric.exec(leaf, 'bridge', '-j', 'fdb', 'show');
    const rows = JSON.parse(shown.stdout) as {
      mac: string;
      ifname: string;
      vlan?: number;
      master?: string;
    }[];
    const row = rows.find(({ mac, master }) => mac === host.mac && master !== undefined);
    assert.ok(row, `no row of ${host.mac} on ${leaf}`);
    const vlan = row.vlan === undefined ? [] : ['vlan', String(row.vlan)];
    await fabric.exec(leaf, 'bridge', 'fdb', 'del', host.mac, 'dev', row.ifname, 'master', ...vlan);
    await waitFor(() => losses().length === 1, { what: `word of ${watch.name} on a loss` });
  } finally {
    await watch.stop('SIGKILL');
  }
}
