import test from 'ava';
import { frrConfig, tunedFrrText } from '../../bench/frr.js';

const LEAF = { asn: 65001, routerId: '10.0.0.1' };
const configured = (peers: string[]): string[] => frrConfig(LEAF, { peers, keepalive: 3 }).split('\n');

test('every neighbor of FRR is activated without policy or interval; those behind the first may be farther', (t) => {
  const lines = configured(['10.1.1.0', '10.66.0.1']);
  for (const peer of ['10.1.1.0', '10.66.0.1']) {
    t.true(lines.includes(` neighbor ${peer} remote-as external`));
    t.true(lines.includes(` neighbor ${peer} advertisement-interval 0`));
    t.true(lines.includes(`  neighbor ${peer} activate`));
  }
  t.deepEqual(
    lines.filter((line) => line.includes('ebgp-multihop')),
    [' neighbor 10.66.0.1 ebgp-multihop 2'],
  );
});

test('the settings that the page prints are those that FRR is run with', (t) => {
  const text = tunedFrrText();
  for (const line of configured(['10.1.1.0']).filter(Boolean)) t.true(text.includes(line), line);
  for (const setting of [
    '-s 268435456',
    'zebra work-queue 0',
    'zebra kernel netlink batch-tx-buf 1048576 1000000',
    'zebra dplane limit 10000',
  ])
    t.true(text.includes(setting), setting);
});
