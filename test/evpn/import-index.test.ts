import test from 'ava';
import { Importers, ImportIndex } from '../../src/evpn/import-index.js';
import { autoImportTargets, type MacVrf } from '../../src/evpn/index.js';
import {
  type Esi,
  parseRouteTarget,
  type RouteTargetPattern,
  toVni,
  type Vni,
} from '../../src/types/index.js';
import { pathAttributes } from '../support/path-attributes.js';

const [LOW, HIGH] = [10010, 0x1_0001].map(toVni);
const ESI = '03443839ff0000010001' as Esi;

const exact = (text: string): RouteTargetPattern => ({ kind: 'exact', routeTarget: parseRouteTarget(text) });
const anyAs = (vni: Vni) => autoImportTargets(vni, 'frr');
const vrfOf = (vni: Vni, importTargets: readonly RouteTargetPattern[]) =>
  ({ vni, importTargets }) as unknown as MacVrf;
const routeOf = (...targets: string[]) => pathAttributes({ routeTargets: targets.map(parseRouteTarget) });

const NAMED = vrfOf(LOW, [exact('65001:7'), exact('65001:8')]);
const ALSO_NAMED = vrfOf(toVni(20), [exact('65001:7')]);
const AUTO = vrfOf(LOW, anyAs(LOW));
const AUTO_HIGH = vrfOf(HIGH, anyAs(HIGH));
/** `*:7` in the configuration. */
const ANY_AS = vrfOf(HIGH, [{ kind: 'any-as', localAdministrator: 7 }]);
const BOTH = vrfOf(LOW, [exact('65001:7'), ...anyAs(LOW)]);

/** Who is there, the targets of a route, and who imports it. */
const CASES: readonly (readonly [string, readonly MacVrf[], readonly string[], readonly MacVrf[]])[] = [
  ['no target', [NAMED, AUTO], [], []],
  ['a target that is named', [NAMED], ['65001:7'], [NAMED]],
  ['the number of it of another AS', [NAMED], ['65002:7'], []],
  ['the second of two', [NAMED], ['65002:1', '65001:8'], [NAMED]],
  ['both of two', [NAMED], ['65001:7', '65001:8'], [NAMED]],
  ['one that two name', [NAMED, ALSO_NAMED], ['65001:7'], [NAMED, ALSO_NAMED]],
  ['the VNI of any AS', [AUTO, AUTO_HIGH, NAMED], ['65009:10010'], [AUTO]],
  ['a VNI above 65535 of any AS', [AUTO_HIGH], ['65009:65537'], [AUTO_HIGH]],
  ['the VNI of a 4-octet AS', [AUTO], ['4200000001:10010'], [AUTO]],
  ['the 16 bits of a VNI above 65535, of a 4-octet AS', [AUTO_HIGH], ['4200000001:1'], []],
  ['any AS by a setting, of a VNI above 65535', [ANY_AS], ['65009:7'], [ANY_AS]],
  ['any 4-octet AS by a setting, of a VNI above 65535', [ANY_AS], ['4200000001:7'], [ANY_AS]],
  ['any address by a setting, of a VNI above 65535', [ANY_AS], ['10.0.0.9:7'], [ANY_AS]],
  ['by name and by number', [BOTH], ['65001:7', '65009:10010'], [BOTH]],
];

for (const [name, vrfs, targets, wanted] of CASES)
  test(`who imports a route: ${name}; nobody once they are gone`, (t) => {
    const index = new ImportIndex();
    for (const vrf of vrfs) index.add(vrf);
    const route = routeOf(...targets);
    t.deepEqual(index.importersOf(route).vrfs, wanted);
    for (const vrf of vrfs) index.remove(vrf);
    t.deepEqual(index.importersOf(route).vrfs, []);
    t.is(index.targetCount, 0);
  });

test('of two that import by one target the other stays when one goes', (t) => {
  const index = new ImportIndex();
  for (const vrf of [NAMED, ALSO_NAMED, AUTO]) index.add(vrf);
  t.is(index.targetCount, 3);
  const route = routeOf('65001:7');
  index.remove(NAMED);
  t.deepEqual(index.importersOf(route).vrfs, [ALSO_NAMED]);
  index.remove(NAMED);
  t.deepEqual(index.importersOf(route).vrfs, [ALSO_NAMED], 'gone twice, it takes nobody with it');
  t.is(index.targetCount, 2);
});

test('other targets count at once, also for attributes that were asked for', (t) => {
  const index = new ImportIndex();
  const vrf = vrfOf(LOW, anyAs(LOW));
  index.add(vrf);
  const [plain, named] = [routeOf('65009:10010'), routeOf('65001:7')];
  const asked = () => [plain, named].map((route) => index.importersOf(route).vrfs);
  t.deepEqual(asked(), [[vrf], []]);
  index.retarget(vrf, [exact('65001:7')]);
  t.deepEqual(asked(), [[], [vrf]]);
  t.is(index.targetCount, 1);
});

test('one answer stands for all routes of an attribute set, and of each segment, until VNIs change', (t) => {
  const index = new ImportIndex();
  index.add(AUTO);
  const [a, b] = [routeOf('65009:10010'), routeOf('65009:10010')];
  const answers = [a, b].map((route) => index.importersOf(route));
  t.not(answers[0], answers[1]);
  for (const [i, route] of [a, b, b, a].entries()) t.is(index.importersOf(route), answers[[0, 1, 1, 0][i]]);
  t.is(answers[0].esi, undefined);
  const ofSegment = answers[0].ofSegment(ESI);
  t.is(answers[0].ofSegment(ESI), ofSegment);
  t.is(answers[0].segmentCount, 1);
  const [within] = [ofSegment.within([NAMED])];
  t.deepEqual([within.vrfs, within.attributes, within.esi], [[NAMED], a, ESI]);
  t.deepEqual([ofSegment.vrfs, ofSegment.nextHop], [[AUTO], a.nextHop]);
  index.add(AUTO_HIGH);
  t.not(index.importersOf(a), answers[0]);
});

test('segments of one attribute set are remembered up to a number, and any number may be named', (t) => {
  const importers = new Importers([], pathAttributes());
  const segment = (n: number) => importers.ofSegment(n.toString(16).padStart(20, '0') as Esi);
  const first = segment(0);
  for (let n = 1; n < 1024; n++) segment(n);
  t.is(segment(0), first);
  t.is(importers.segmentCount, 1024);
  t.is(segment(1024).esi, '00000000000000000400' as Esi);
  t.is(importers.segmentCount, 1);
});
