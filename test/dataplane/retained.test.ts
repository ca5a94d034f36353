import test from 'ava';
import { KernelMirror } from '../../src/dataplane/mirror.js';
import { MAC_ZERO, parseIp, parseMac } from '../../src/types/index.js';

test('VNIs that come and go on one device leave no table of rows', (t) => {
  const mirror = new KernelMirror();
  const mac = parseMac('02:00:00:00:00:01');
  const dst = parseIp('10.0.0.2');
  for (let vni = 1; vni <= 10_000; vni++) {
    mirror.enterVxlan(7, vni, mac, dst, 0, 0, 0);
    mirror.putVxlan({ ifindex: 7, srcVni: vni, mac: MAC_ZERO, dst, nexthopId: 0, state: 0, flags: 0 });
    t.true(mirror.dropVxlan(7, vni, mac, dst));
    t.true(mirror.dropVxlan(7, vni, MAC_ZERO, dst));
  }
  t.is(mirror.tableCount, 0);
});
