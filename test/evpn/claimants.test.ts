import test from 'ava';
import { claimantOf, rebind } from '../../src/evpn/claimants.js';
import { listOf, type MacEntry, type MacVrf } from '../../src/evpn/index.js';
import { type Ip, parseIp, parseMac, toVni } from '../../src/types/index.js';
import { servingLeaf } from './support/leaf.js';

const VNI = toVni(10010);
const IP = parseIp('192.0.2.1');
const OTHER_IP = parseIp('192.0.2.2');

async function servedVrf(): Promise<MacVrf> {
  const { leaf } = await servingLeaf(VNI);
  return leaf.evpn.vrf(VNI)!;
}

/** The MACs that are to be looked at, by their last octet. */
function touched(vrf: MacVrf): number[] {
  const found: number[] = [];
  for (let entry = vrf.ofRoutes.takeMac(); entry; entry = vrf.ofRoutes.takeMac())
    found.push(entry.mac & 0xff);
  return found.sort();
}

/** Who claimed the IP here and there, who does then, and which MACs are to be looked at for it. */
const CHANGES: readonly (readonly [string, [number?, number?], [number?, number?], number[]])[] = [
  ['nobody has claimed it', [], [1, 2], []],
  ['the one here', [], [1], []],
  ['the one there', [], [undefined, 2], []],
  ['nothing changes', [1, 2], [1, 2], []],
  ['another MAC here', [1, 2], [3, 2], [1]],
  ['another MAC there', [1, 2], [1, 3], [2]],
  ['other MACs on both sides', [1, 2], [3, 4], [1, 2]],
  ['nobody here any more', [1, 2], [undefined, 2], [1]],
  ['nobody there any more', [1, 2], [1], [2]],
  ['nobody any more', [1, 2], [], [1, 2]],
  ['the MAC has moved away', [1], [undefined, 1], []],
  ['the MAC has moved here', [undefined, 1], [1], []],
  ['the MACs have changed sides', [1, 2], [2, 1], []],
  ['one MAC on both sides', [1, 1], [1, 1], []],
  ['it is on both sides now', [1, 2], [2, 2], [1]],
  ['it was on both sides', [1, 1], [], [1]],
];

for (const [name, before, after, looked] of CHANGES)
  test(`the MACs that claim an IP: ${name}`, async (t) => {
    const vrf = await servedVrf();
    const entryOf = (n: number | undefined) =>
      n === undefined ? undefined : vrf.macEntry(parseMac(`02:00:00:00:00:0${n}`));
    const ipsOf = (n: number): readonly Ip[] => listOf((entryOf(n) as MacEntry).ips);
    const numbers = [1, 2, 3, 4];
    for (const n of numbers) {
      const entry = entryOf(n) as MacEntry;
      entry.ownership = { ...entry.ownership, owner: 'remote' };
    }
    for (const n of numbers) rebind(vrf, vrf.ipEntry(OTHER_IP), entryOf(n), undefined);
    const ip = vrf.ipEntry(IP);
    rebind(vrf, ip, entryOf(before[0]), entryOf(before[1]));
    touched(vrf);
    for (const n of numbers) t.is(ipsOf(n).includes(IP), before.includes(n), `before, MAC ${n}`);
    rebind(vrf, ip, entryOf(after[0]), entryOf(after[1]));
    t.is(ip.claimantHere, entryOf(after[0]));
    t.is(ip.claimantThere, entryOf(after[1]));
    for (const n of numbers) t.is(ipsOf(n).includes(IP), after.includes(n), `after, MAC ${n}`);
    t.deepEqual(ipsOf(4)[0], OTHER_IP, 'other IPs stay');
    t.deepEqual(touched(vrf), looked);
  });

test('a MAC that nothing keeps but an IP goes with it, and one that is to be looked at waits for that', async (t) => {
  const vrf = await servedVrf();
  const [idle, dirty] = [1, 2].map((n) => vrf.macEntry(parseMac(`02:00:00:00:00:0${n}`)));
  const ip = vrf.ipEntry(IP);
  rebind(vrf, ip, idle, dirty);
  vrf.markMac(dirty);
  rebind(vrf, ip, undefined, undefined);
  t.is(vrf.macs.get(idle.mac), undefined);
  t.is(vrf.macs.get(dirty.mac), dirty);
  t.deepEqual(touched(vrf), [2]);
});

test('the MAC that claims an IP is the one that did, or the one that the VNI has of it', async (t) => {
  const vrf = await servedVrf();
  const mac = parseMac('02:00:00:00:00:01');
  const before = vrf.macEntry(mac);
  vrf.macs.delete(mac);
  t.is(claimantOf(vrf, before, mac), before);
  t.is(vrf.macs.size, 0);
  const other = claimantOf(vrf, before, parseMac('02:00:00:00:00:02'));
  t.is(other.mac, parseMac('02:00:00:00:00:02'));
  t.is(claimantOf(vrf, undefined, other.mac), other);
});
