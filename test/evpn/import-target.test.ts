import test from 'ava';
import { listedTargets } from '../../src/evpn/import-target.js';
import { autoExportTargets, autoImportTargets, importingSetting } from '../../src/evpn/index.js';
import {
  formatRouteTarget,
  parseRouteTarget,
  type RouteTargetPattern,
  toVni,
} from '../../src/types/index.js';

const VNI = toVni(10010);

for (const { asn, how, text } of [
  { asn: 65001, how: 'frr', text: '65001:10010' },
  { asn: 4200000001, how: 'frr', text: '59905:10010' },
  { asn: 65001, how: 'rfc8365', text: '65001:268445466' },
  { asn: 4200000001, how: 'rfc8365', text: '59905:268445466' },
] as const)
  test(`AS ${asn}, ${how}: exports ${text}`, (t) => {
    t.deepEqual(autoExportTargets(asn, VNI, how).map(formatRouteTarget), [text]);
  });

test('rfc8365 imports its own form and the plain one, of any AS', (t) => {
  const numbers = (how: 'frr' | 'rfc8365') =>
    autoImportTargets(VNI, how).map((target) => target.kind === 'any-as' && target.localAdministrator);
  t.deepEqual(numbers('frr'), [10010]);
  t.deepEqual(numbers('rfc8365'), [0x1000271a, 10010]);
});

test('the setting that would import a route keeps what is imported by now', (t) => {
  const exact = (text: string): RouteTargetPattern => ({
    kind: 'exact',
    routeTarget: parseRouteTarget(text),
  });
  const [plain] = autoImportTargets(VNI, 'frr');
  const setting = (importTargets: readonly RouteTargetPattern[], ...texts: string[]) =>
    importingSetting(texts.map(parseRouteTarget), { vni: VNI, importTargets });
  t.deepEqual(setting([plain], '65009:268445466'), { autoRt: 'rfc8365' });
  t.deepEqual(setting([plain], '65009:99', '65009:100'), { importTargets: [plain, exact('65009:99')] });
  t.deepEqual(setting([plain], '4200000001:34477'), { importTargets: [plain, exact('4200000001:34477')] });
  t.is(setting([plain]), undefined);
  // A list takes the place of what is derived, so that another way to derive changes nothing
  const own = exact('65001:7');
  t.deepEqual(setting([own], '65009:268445466'), { importTargets: [own, exact('65009:268445466')] });
  t.deepEqual(setting([plain], '65009:99', '65009:268445466'), { autoRt: 'rfc8365' });
  const [other] = autoImportTargets(toVni(10020), 'frr');
  for (const list of [[], [other], [plain, own], [plain, plain]])
    t.deepEqual(setting(list, '65009:268445466'), { importTargets: [...list, exact('65009:268445466')] });
  t.deepEqual(setting([own, plain], '65009:99'), { importTargets: [own, plain, exact('65009:99')] });
});

test('auto in a list stands for what is derived, and no target is there twice', (t) => {
  const derived = autoExportTargets(65001, VNI, 'frr');
  const targets = (...texts: string[]) =>
    listedTargets(
      texts.map((text) => (text === 'auto' ? text : parseRouteTarget(text))),
      derived,
    ).map(formatRouteTarget);
  t.deepEqual(targets('65001:7', 'auto', '10.0.0.1:7'), ['65001:7', '65001:10010', '10.0.0.1:7']);
  t.deepEqual(targets('65001:10010', 'auto', '4200000001:7'), ['65001:10010', '4200000001:7']);
  t.deepEqual(targets('65001:7'), ['65001:7']);
  t.deepEqual(listedTargets(undefined, derived), derived);
});
