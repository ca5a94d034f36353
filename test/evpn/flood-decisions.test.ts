import test from 'ava';
import type { Destination } from '../../src/bgp/index.js';
import { Flooding } from '../../src/evpn/route-types/inclusive-multicast.js';
import { UnusedLog } from '../../src/evpn/unused-log.js';
import { VtepTable } from '../../src/evpn/vteps.js';
import { type Ip, type Ipv4, LimitedLog, toVni } from '../../src/types/index.js';
import { imet, RecordingLog } from '../bgp/fabric.js';
import { pathAttributes } from '../support/path-attributes.js';
import { servingLeaf, vtepOf } from './support/leaf.js';

const VNI = toVni(10010);
const [A, B, C, D] = [11, 12, 13, 14].map(vtepOf);

/** The decisions of one VNI, made only when they are asked for. */
async function scene(floodLimit: number) {
  const { clock, leaf } = await servingLeaf(VNI);
  const vrf = leaf.evpn.vrf(VNI)!;
  const { dataPlane, localRib } = leaf;
  const settings = {
    asn: 65001,
    routerId: vtepOf(1) as Ipv4,
    advertiseAllVni: true,
    vnis: new Map(),
    floodLimit,
  };
  const log = new RecordingLog();
  const vteps = new VtepTable();
  const unused = new UnusedLog(new LimitedLog(clock, log));
  const part = new Flooding(settings, dataPlane, localRib, vteps, unused);
  const routes = new Map<Ip, Destination>();
  return {
    vrf,
    part,
    log,
    want(...wanted: Ip[]) {
      for (const nextHop of wanted) {
        const best = {
          nlri: imet('10.0.0.9'),
          attributes: pathAttributes({ nextHop }),
          source: { neighbor: '192.0.2.9', routerId: 9, internal: false },
        };
        routes.set(nextHop, { best } as unknown as Destination);
        vrf.flooding.add(routes.get(nextHop)!, nextHop);
      }
    },
    wantNoMore(...gone: Ip[]) {
      for (const vtep of gone) vrf.flooding.remove(routes.get(vtep)!, vtep);
    },
    limit(limit: number) {
      part.configure({ ...settings, floodLimit: limit });
      return part.reconfigure(vrf);
    },
    floods: () => [...(dataPlane.plane(VNI)?.floods.keys() ?? [])],
    counted: () => [...vteps.values()].map(({ address, vnis }) => [address, vnis.get(VNI)]),
    leftOut: () => vrf.flooding.leftOut && [...vrf.flooding.leftOut],
  };
}

test('so many VTEPs are decided on as are asked for, and what is left of the number is told', async (t) => {
  const { vrf, part, want, floods } = await scene(9);
  t.false(part.hasDirty(vrf));
  t.is(part.evaluate(vrf, 5), 5);
  want(A, B, C);
  t.true(part.hasDirty(vrf));
  t.is(part.evaluate(vrf, 0), 0);
  t.deepEqual(floods(), []);
  t.is(part.evaluate(vrf, 2), 0);
  t.deepEqual(floods(), [A, B]);
  t.true(part.hasDirty(vrf));
  t.is(part.evaluate(vrf, 5), 4);
  t.deepEqual(floods(), [A, B, C]);
  t.false(part.hasDirty(vrf));
});

test('each VTEP that gets copies is counted once, until it gets none or the VNI goes', async (t) => {
  const { vrf, part, want, wantNoMore, counted } = await scene(9);
  want(A, B);
  part.evaluate(vrf, 9);
  vrf.flooding.markAll();
  part.evaluate(vrf, 9);
  t.deepEqual(counted(), [
    [A, 1],
    [B, 1],
  ]);
  wantNoMore(A);
  part.evaluate(vrf, 9);
  t.deepEqual(counted(), [[B, 1]]);
  part.remove(vrf);
  t.deepEqual(counted(), []);
});

test('who finds no place is told once and waits; as many are looked at as there are places', async (t) => {
  const { vrf, part, log, want, wantNoMore, floods, leftOut } = await scene(2);
  const evaluate = () => {
    while (part.hasDirty(vrf)) part.evaluate(vrf, 9);
  };
  want(A, B, C, D);
  evaluate();
  t.deepEqual(
    [floods(), leftOut()],
    [
      [A, B],
      [C, D],
    ],
  );
  vrf.flooding.markAll();
  evaluate();
  t.deepEqual(
    [floods(), leftOut()],
    [
      [A, B],
      [C, D],
    ],
  );
  t.deepEqual(
    log.lines.map(({ facts }) => 'nextHop' in facts && facts.nextHop),
    ['10.0.0.13', '10.0.0.14'],
  );
  wantNoMore(A);
  t.is(part.evaluate(vrf, 9), 8);
  t.deepEqual([...vrf.flooding.dirty], [C]);
  evaluate();
  t.deepEqual([floods(), leftOut()], [[B, C], [D]]);
  wantNoMore(D);
  evaluate();
  t.deepEqual([floods(), leftOut()], [[B, C], undefined]);
});

test('a lower limit has those looked at that came last, a higher one those that wait, the same one nobody', async (t) => {
  const { vrf, part, want, limit, floods, leftOut } = await scene(4);
  want(A, B, C, D);
  part.evaluate(vrf, 9);
  t.false(limit(4));
  t.false(part.hasDirty(vrf));
  t.true(limit(2));
  t.deepEqual([...vrf.flooding.dirty], [D, C]);
  part.evaluate(vrf, 9);
  t.deepEqual(
    [floods(), leftOut()],
    [
      [A, B],
      [D, C],
    ],
  );
  t.true(limit(3), 'one that waits may have a place');
  t.false(part.hasDirty(vrf));
  part.evaluate(vrf, 9);
  t.deepEqual([...vrf.flooding.dirty], [D]);
});

test('an address that is, or is no longer, our own has the VTEP looked at that wants copies there, and nobody else', async (t) => {
  const { vrf, part, want } = await scene(4);
  want(A, B);
  part.evaluate(vrf, 9);
  t.false(part.markVtep(vrf, C));
  t.false(part.hasDirty(vrf));
  t.true(part.markVtep(vrf, B));
  t.deepEqual([...vrf.flooding.dirty], [B]);
});
