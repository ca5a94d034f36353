import test from 'ava';
import {
  ESI_ZERO,
  type Ipv4,
  type Mac,
  parseIp,
  parseMac,
  RouteDistinguisher,
  routeTargetOfAs2,
  toVni,
} from '../../src/types/index.js';
import { type EvpnNlri, ExtendedCommunity, RouteType } from '../../src/wire/index.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { Leaf } from './support/leaf.js';

const VNI = toVni(10010);
const FIRST = parseMac('02:00:00:00:00:01');
const VICTIM = parseMac('02:00:00:00:ff:01');
const MANY = 4000;

test('while the kernel is behind, changed routes wait by neighbor, so that one with few has its turn amid a table', async (t) => {
  const clock = new VirtualClock();
  const routerId = parseIp('10.0.0.1') as Ipv4;
  const leaf = new Leaf(clock, routerId, 65001, { routerId }, undefined, { batch: 20 });
  leaf.world.kernel.launches = () => 'late';
  const devices = leaf.world.devices(VNI);
  leaf.addVni(devices);
  await leaf.start();
  leaf.dataPlane.sweep();
  clock.advance(1000);
  const announce = (neighbor: number, macs: Mac[]) =>
    leaf.receive(
      { neighbor: `192.0.2.${neighbor}`, routerId: neighbor, internal: false },
      65_100 + neighbor,
      {
        nextHop: parseIp(`10.0.0.${neighbor}`),
        extendedCommunities: [
          ExtendedCommunity.routeTarget(routeTargetOfAs2(65_100, VNI)),
          ExtendedCommunity.encapsulation(),
        ],
        pmsiTunnel: undefined,
      },
      macs.map(
        (mac): EvpnNlri => ({
          type: RouteType.MAC_IP_ADVERTISEMENT,
          rd: RouteDistinguisher.parse(`10.0.0.${neighbor}:1`),
          ...{ esi: ESI_ZERO, ethernetTag: 0, mac, ip: undefined, label1: VNI, label2: undefined },
        }),
      ),
    );
  const rows = () => leaf.world.kernel.applied.filter(({ table }) => table === 'vxlan').length;
  const before = rows();
  announce(
    7,
    Array.from({ length: MANY }, (_, i) => (FIRST + i) as Mac),
  );
  clock.runTurn();
  clock.runTurn();
  t.true(leaf.rib.dirtyCount > MANY / 2, `${leaf.rib.dirtyCount} wait`);
  announce(8, [VICTIM]);
  let idle = false;
  void leaf.evpn.idle().then(() => {
    idle = true;
  });
  let turns = 0;
  while (leaf.rowsOf(devices, VICTIM).dst === undefined && turns++ < 10_000) clock.runTurn();
  await Promise.resolve();
  t.false(idle, 'routes wait still');
  t.true(rows() - before < MANY / 2, `${rows() - before} rows were written first`);
  clock.runUntilIdle();
  await Promise.resolve();
  t.true(idle);
  t.is(rows() - before, MANY + 1);
  t.is(leaf.rib.dirtyCount, 0);
});
