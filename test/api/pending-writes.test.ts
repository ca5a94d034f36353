import test from 'ava';
import { CursorError } from '../../src/api/index.js';
import { pendingWrites } from '../../src/api/resources/pending-writes.js';
import type { Rooms } from '../../src/api/rooms/rooms.js';
import { parseIp, parseMac, parsePrefix, toVni, type Vni } from '../../src/types/index.js';
import { servingLeaf, vtepOf } from '../evpn/support/leaf.js';
import { SegmentMember } from '../evpn/support/segment-routes.js';

const VNI = toVni(10010);
const MAC = parseMac('02:00:00:00:00:01');
const IP = parseIp('192.0.2.11');
const NOTHING = { mac: null, ip: null, prefix: null, nexthopId: null };

test('rows of each table are listed while they are to be written, those of VNIs before those of the underlay, page by page', async (t) => {
  const { leaf, clock } = await servingLeaf(VNI, { observes: true, routes: { tableId: 254, metric: 20 } });
  const { routes } = leaf.dataPlane;
  const { pendingWrites: read } = pendingWrites.reads({ dataPlane: leaf.dataPlane } as Rooms);
  const list = async (vni?: Vni) => {
    const items = [];
    for (let after: string | undefined | null; after !== null; ) {
      const page = await read(vni).page(after, 1);
      items.push(...page.items);
      after = page.next;
    }
    return items;
  };
  t.deepEqual(await list(), []);
  new SegmentMember(leaf, 9, vtepOf(9)).macIp(MAC, VNI, { ip: IP });
  const group = routes!.addGroup([{ ifindex: 2, gateway: parseIp('10.1.2.0') }]);
  const prefixes = ['10.0.0.0/8', '10.0.0.0/9', '198.51.100.0/24', '2001:db8::/32'];
  for (const prefix of prefixes.toReversed()) routes!.set(parsePrefix(prefix), group);
  clock.advance(1000);
  const ofVni = [
    { ...NOTHING, vni: VNI, table: 'mac', mac: '02:00:00:00:00:01', writes: ['add fdb'] },
    { ...NOTHING, vni: VNI, table: 'neigh', ip: '192.0.2.11', writes: ['add neigh'] },
  ];
  const items = await list();
  const [, , nexthop, nexthopGroup] = items.map(({ nexthopId }) => nexthopId);
  t.deepEqual(
    items.map(({ found, wanted, ...rest }) => rest),
    [
      ...ofVni,
      { ...NOTHING, vni: null, table: 'nexthop', nexthopId: nexthop, writes: ['add nexthop'] },
      {
        ...NOTHING,
        vni: null,
        table: 'nexthop-group',
        nexthopId: nexthopGroup,
        writes: ['add nexthop-group'],
      },
      ...prefixes.map((prefix) => ({ ...NOTHING, vni: null, table: 'route', prefix, writes: ['add route'] })),
    ],
  );
  t.deepEqual(
    items.filter(({ prefix }) => prefix === '10.0.0.0/8').map(({ found, wanted }) => [found, wanted]),
    [['no route of ours to 10.0.0.0/8', `10.0.0.0/8 nhid ${nexthopGroup} table 254 metric 20`]],
  );
  t.deepEqual(
    (await list(VNI)).map(({ found, wanted, ...rest }) => rest),
    ofVni,
  );
  for (const cursor of [
    '!',
    '10010/route/10.0.0.0/8/1',
    'underlay/arp/1',
    '0/mac/02:00:00:00:00:01',
    'underlay/nexthop/x',
  ])
    await t.throwsAsync(async () => read(undefined).page(cursor, 1), { instanceOf: CursorError }, cursor);
});
