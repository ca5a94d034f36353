import test from 'ava';
import { autoExportTargets, autoImportTargets, importingSetting } from '../../src/evpn/index.js';
import { formatRouteTarget, parseRouteTarget, toVni } from '../../src/types/index.js';

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

test('the setting that would import a route', (t) => {
  const setting = (...texts: string[]) => importingSetting(texts.map(parseRouteTarget), VNI);
  t.is(setting('65009:268445466'), 'auto-rt: rfc8365');
  t.is(setting('65009:99', '65009:100'), "import-route-targets: ['65009:99'] of the VNI");
  t.is(setting('4200000001:34477'), "import-route-targets: ['4200000001:34477'] of the VNI");
  t.is(setting(), undefined);
});
