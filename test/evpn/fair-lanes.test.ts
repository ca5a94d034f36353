import test from 'ava';
import type { LocalRoute } from '../../src/bgp/index.js';
import { type Ip, type Mac, parseIp, parseMac, toVni } from '../../src/types/index.js';
import { type EvpnNlri, RouteType } from '../../src/wire/index.js';
import { servingLeaf } from './support/leaf.js';
import { SegmentMember } from './support/segment-routes.js';

const VNI = toVni(10010);
const FIRST = parseMac('02:00:00:00:00:01');
const VICTIM = parseMac('02:00:00:00:ff:01');
const MANY = 1000;

/** A leaf, another one that announces to it, and what becomes of MACs in the order of deciding. */
async function fabric() {
  const { clock, leaf, devices } = await servingLeaf(VNI);
  const other = new SegmentMember(leaf, 7, parseIp('10.0.0.7'));
  const decided: string[] = [];
  const setMac = leaf.dataPlane.setMac.bind(leaf.dataPlane);
  leaf.dataPlane.setMac = (vni, mac, ...rest) => {
    decided.push(`there ${mac}`);
    setMac(vni, mac, ...rest);
  };
  leaf.localRib.listen({
    changed: ({ nlri, route }: { nlri: EvpnNlri; route: LocalRoute | undefined }) => {
      if (nlri.type === RouteType.MAC_IP_ADVERTISEMENT)
        decided.push(`${route ? 'here' : 'gone'} ${nlri.mac}${nlri.ip === undefined ? '' : ` ${nlri.ip}`}`);
    },
  });
  const hostsSpeak = () => {
    for (let i = 0; i < MANY; i++) leaf.hostSpeaks(devices, (FIRST + i) as Mac);
  };
  return { clock, leaf, devices, other, decided, hostsSpeak };
}

test('a route does not wait for all the local hosts that come at once', async (t) => {
  const { clock, other, decided, hostsSpeak } = await fabric();
  hostsSpeak();
  other.macIp(VICTIM, VNI);
  clock.advance(100);
  const at = decided.indexOf(`there ${VICTIM}`);
  t.true(at >= 0 && at <= 256, `${at} before it`);
  t.is(decided.length, MANY + 1);
});

test('a host that comes here from another leaf is told before all new ones, with its IPs', async (t) => {
  const { clock, leaf, devices, other, decided, hostsSpeak } = await fabric();
  const ips: Ip[] = [parseIp('10.10.10.11'), parseIp('10.10.10.12')];
  for (const ip of ips) other.macIp(VICTIM, VNI, { ip });
  clock.advance(100);
  decided.length = 0;
  hostsSpeak();
  leaf.hostSpeaks(devices, VICTIM);
  leaf.world.kernel.putNeigh({
    ifindex: devices.bridgeIfindex,
    ip: ips[0],
    mac: VICTIM,
    state: 2,
    flags: 0,
    protocol: 0,
  });
  clock.advance(100);
  t.deepEqual(decided.slice(0, 2), [`here ${VICTIM}`, `here ${VICTIM} ${ips[0]}`]);
  // The other IP is asked for, and is there
  t.is(decided.filter((what) => what.startsWith('here')).length, MANY + 3);
});

test('an IP that comes here with a new MAC is told before all new hosts, behind its MAC', async (t) => {
  const { clock, leaf, devices, other, decided, hostsSpeak } = await fabric();
  const ip = parseIp('10.10.10.11');
  other.macIp(VICTIM, VNI, { ip });
  clock.advance(100);
  decided.length = 0;
  hostsSpeak();
  const mac = (VICTIM + 1) as Mac;
  leaf.hostSpeaks(devices, mac);
  leaf.world.kernel.putNeigh({ ifindex: devices.bridgeIfindex, ip, mac, state: 2, flags: 0, protocol: 0 });
  clock.advance(100);
  t.is(decided[0], `here ${mac}`);
  const at = decided.indexOf(`here ${mac} ${ip}`);
  t.true(at >= 1 && at <= 3, `${at}: ${decided.slice(0, 4)}`);
  t.is(leaf.evpn.vrf(VNI)?.macs.get(mac)?.ownership.sequence, 1, 'it takes the number plus one');
});

test('a MAC with many IPs that goes to another leaf does not have others wait for all of them', async (t) => {
  const { clock, leaf, devices, other, decided } = await fabric();
  for (let i = 0; i < MANY; i++) other.macIp(VICTIM, VNI, { ip: (0x0a0a_0000 + i) as Ip });
  clock.advance(10_000);
  const dirty: string[] = [];
  const { vni, macs } = leaf.evpn.vrf(VNI)!;
  const setNeigh = leaf.dataPlane.setNeigh.bind(leaf.dataPlane);
  leaf.dataPlane.setNeigh = (...all) => {
    decided.push(`there ${all[1]}`);
    setNeigh(...all);
  };
  const findNeigh = leaf.dataPlane.findNeigh.bind(leaf.dataPlane);
  leaf.dataPlane.findNeigh = (...all) => {
    dirty.push(`${all[1]}`);
    findNeigh(...all);
  };
  t.is(macs.get(VICTIM)?.ips instanceof Set, true);
  decided.length = 0;
  leaf.hostSpeaks(devices, VICTIM);
  leaf.hostSpeaks(devices, FIRST);
  let before = -1;
  leaf.localRib.listen({
    changed: ({ nlri }: { nlri: EvpnNlri }) => {
      if (nlri.type === RouteType.MAC_IP_ADVERTISEMENT && nlri.mac === FIRST) before = dirty.length;
    },
  });
  clock.advance(10_000);
  t.is(leaf.evpn.vrf(vni)?.macs.get(VICTIM)?.ownership.owner, 'local');
  t.true(before >= 0 && before <= 128, `${before} of its IPs were marked before another host`);
  t.is(new Set(dirty).size, MANY, 'all are asked for');
});
