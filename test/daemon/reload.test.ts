import test from 'ava';
import { parseConfig } from '../../src/config/load.js';
import { RunningConfig } from '../../src/reload.js';
import { silentLog } from '../../src/types/index.js';

const config = (asn: number, rate: number) =>
  parseConfig(
    `{ asn: ${asn}, router-id: 10.0.0.1, neighbors: [], evpn: { neighbor-refresh: { rate: ${rate} } } }`,
    'file',
  );

/** A running configuration whose readers note that they were told, and whose speaker refuses while `refuses`. */
function scene() {
  const told: string[] = [];
  const at = { told, refuses: false };
  const running = new RunningConfig(
    config(65001, 100),
    {
      speaker: {
        reconfigure: async () => {
          if (at.refuses) throw new Error('refused');
          told.push('speaker');
        },
      },
      evpn: { reconfigure: () => told.push('evpn') },
      hosts: { reconfigure: () => told.push('hosts') },
      onConfig: () => told.push('onConfig'),
    },
    silentLog,
  );
  return { at, running };
}

test('a reload that is refused changes nothing: the same one is taken whole when it is not', async (t) => {
  const { at, running } = scene();
  const before = running.current;
  const wanted = config(65002, 7);
  at.refuses = true;
  await t.throwsAsync(() => running.reload(wanted), { message: 'refused' });
  t.deepEqual(at.told, []);
  t.is(running.current, before);
  t.deepEqual(running.pending, []);
  at.refuses = false;
  await running.reload(wanted);
  t.deepEqual(at.told, ['speaker', 'onConfig', 'evpn', 'hosts']);
  t.is(running.current.evpn.neighborRefresh.rate, 7);
  t.is(running.current.asn, 65001);
  t.deepEqual(
    running.pending.map(({ key }) => key),
    ['asn'],
  );
});

test('a reload in which nothing that it can change differs tells nobody', async (t) => {
  const { at, running } = scene();
  await running.reload(config(65002, 100));
  t.deepEqual(at.told, []);
  t.is(running.pending.length, 1);
  await running.reload(config(65001, 100));
  t.deepEqual(running.pending, []);
});
