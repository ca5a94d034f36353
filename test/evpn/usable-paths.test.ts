import test from 'ava';
import {
  formatIp,
  type Ip,
  type Ipv4,
  parseIp,
  parseMac,
  routeTargetOfAs2,
  toVni,
} from '../../src/types/index.js';
import { type EvpnNlri, ExtendedCommunity, type OriginatedAttributes } from '../../src/wire/index.js';
import { imet, macRoute } from '../bgp/fabric.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { Leaf, vtepOf } from './support/leaf.js';

// One NLRI of several neighbors, not all of which say something that a VNI of this leaf can use (RFC 4271 §9.1.2)

const VNI = toVni(10010);
const HOST = parseMac('02:00:00:00:00:01');
const HOST_IP = parseIp('192.0.2.11');
const TARGET = ExtendedCommunity.routeTarget(routeTargetOfAs2(65009, VNI));
const VXLAN = ExtendedCommunity.encapsulation();
/** The first is preferred to the second, whatever both say. */
const [FIRST, SECOND] = ['192.0.2.1', '192.0.2.2'].map((neighbor, i) => ({
  neighbor,
  routerId: i + 1,
  internal: false,
}));
const NEAR = parseIp('10.0.0.9');
const NEAR6 = parseIp('2001:db8::9');
const OURS = vtepOf(1);

interface Word {
  vtep?: Ip;
  communities?: readonly bigint[];
  pmsi?: boolean;
}

async function leafOf(local: Ip = OURS) {
  const clock = new VirtualClock();
  const leaf = new Leaf(clock, vtepOf(1), 65001);
  const devices = leaf.world.devices(VNI);
  leaf.addVni(devices, { localVtep: local });
  await leaf.start();
  leaf.dataPlane.sweep();
  const routes: EvpnNlri[] = [macRoute(HOST), macRoute(HOST, { ip: HOST_IP }), imet('10.255.255.9')];
  const tell = (source: typeof FIRST, word: Word | undefined) => {
    for (const nlri of routes) {
      if (word === undefined) {
        leaf.receive(source, 65009, undefined, [nlri]);
        continue;
      }
      const { vtep = NEAR, communities = [VXLAN], pmsi = true } = word;
      const attributes: OriginatedAttributes = {
        nextHop: vtep,
        extendedCommunities: [TARGET, ...communities],
        pmsiTunnel: nlri.type === 3 && pmsi ? { endpoint: vtep, vni: VNI } : undefined,
      };
      leaf.receive(source, 65009, attributes, [nlri]);
    }
    clock.advance(20_000);
  };
  return {
    leaf,
    devices,
    clock,
    tell,
    /** Where the host is, and where BUM traffic goes. */
    rows: () => {
      const { dst } = leaf.rowsOf(devices, HOST);
      const floods = [...leaf.world.kernel.tables.defaultRows(devices.vxlanIfindex, 0)].map((row) => row.dst);
      return [dst, ...floods].map((ip) => (ip === undefined ? 'none' : formatIp(ip)));
    },
  };
}

const BAD: readonly [string, Word, Ip?][] = [
  ['a next hop of the other family', { vtep: parseIp('2001:db8::1') }],
  ['a next hop of the other family, device of IPv6', { vtep: parseIp('10.0.0.2') }, parseIp('2001:db8::1')],
  ['a martian next hop', { vtep: parseIp('127.0.0.1') }],
  ['our own next hop', { vtep: OURS }],
  ['MPLS as the one encapsulation', { vtep: vtepOf(2), communities: [ExtendedCommunity.encapsulation(10)] }],
];

for (const [what, word, local = OURS] of BAD) {
  const usable = { vtep: local === OURS ? NEAR : NEAR6 };
  const expected = [formatIp(usable.vtep), formatIp(usable.vtep)];
  for (const [order, neighbors] of [
    ['first', [FIRST, SECOND]],
    ['last', [SECOND, FIRST]],
  ] as const)
    test(`${what}: what another neighbor says is used, said ${order} by the preferred one`, async (t) => {
      const { leaf, tell, rows } = await leafOf(local);
      for (const neighbor of neighbors) tell(neighbor, neighbor === FIRST ? word : usable);
      t.deepEqual(rows(), expected);
      const [destination] = leaf.rib.destinationsOf({ mac: HOST });
      t.is(leaf.rib.decision(destination).rule, 'usable path');
      // Nothing else is left of either
      tell(SECOND, undefined);
      t.deepEqual(rows(), ['none']);
      tell(SECOND, usable);
      t.deepEqual(rows(), expected);
      tell(FIRST, usable);
      tell(SECOND, undefined);
      t.deepEqual(rows(), expected);
      tell(FIRST, word);
      t.deepEqual(rows(), ['none']);
    });
}

test('a Type-3 without a PMSI attribute does not hide one that has it', async (t) => {
  const { tell, rows } = await leafOf();
  tell(FIRST, { vtep: vtepOf(2), pmsi: false });
  tell(SECOND, { vtep: NEAR });
  t.deepEqual(rows(), ['10.0.0.2', '10.0.0.9'], 'the Type-2 of the first is as good as any');
});

test('a device that changes its family, and a second one of another, have the paths judged anew', async (t) => {
  const { leaf, devices, clock, tell, rows } = await leafOf();
  tell(FIRST, { vtep: NEAR });
  tell(SECOND, { vtep: NEAR6 });
  t.deepEqual(rows(), ['10.0.0.9', '10.0.0.9']);
  leaf.addVni(devices, { localVtep: parseIp('2001:db8::1') });
  clock.advance(20_000);
  t.deepEqual(rows(), ['2001:db8::9', '2001:db8::9']);
  leaf.addVni(devices, { localVtep: OURS });
  clock.advance(20_000);
  t.deepEqual(rows(), ['10.0.0.9', '10.0.0.9']);
  // With VNIs of both families BGP's choice stands, and is right for some of them
  const other = leaf.world.devices(toVni(10020));
  leaf.addVni(other, { localVtep: parseIp('2001:db8::1') });
  clock.advance(20_000);
  t.deepEqual(rows(), ['10.0.0.9', '10.0.0.9']);
  t.is(leaf.rib.decision([...leaf.rib.destinationsOf({ mac: HOST })][0]).rule, 'lower next hop');
});

test('a next hop that becomes our own is no VTEP any more, and is one again', async (t) => {
  const { leaf, devices, clock, tell, rows } = await leafOf();
  tell(FIRST, { vtep: vtepOf(2) });
  tell(SECOND, { vtep: NEAR });
  t.deepEqual(rows(), ['10.0.0.2', '10.0.0.2']);
  leaf.addVni(devices, { localVtep: vtepOf(2) as Ipv4 });
  clock.advance(20_000);
  t.deepEqual(rows(), ['10.0.0.9', '10.0.0.9']);
});
