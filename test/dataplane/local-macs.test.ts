import test from 'ava';
import { EMPTY_TOPOLOGY, Ntf, Nud, type Topology } from '../../src/dataplane/index.js';
import { localMac, localMacs } from '../../src/dataplane/local-macs.js';
import { KernelMirror } from '../../src/dataplane/mirror.js';
import { parseIp, parseMac, toVni } from '../../src/types/index.js';
import { attachment } from './memory-world.js';

/* What hardware learned from untagged frames may have no VLAN (rocker). */
const MAC = parseMac('02:00:00:00:00:01');
const [BRIDGE, VXLAN, ACCESS] = [1, 2, 3];
const VNI = toVni(10010);
const AT = attachment(
  VNI,
  { vni: VNI, bridgeIfindex: BRIDGE, vxlanIfindex: VXLAN, accessIfindex: ACCESS, srcVni: 0 },
  parseIp('10.0.0.1'),
  { vlanAware: true, vlan: 10 },
);

function topology(switchId: string, pvid: number): Topology {
  const port = (role: 'vxlan' | 'access') => ({
    role,
    bridgeIfindex: BRIDGE,
    name: role,
    pvid,
    pvidUntagged: true,
  });
  return {
    ...EMPTY_TOPOLOGY,
    ports: new Map([
      [VXLAN, port('vxlan')],
      [ACCESS, port('access')],
    ]),
    bridges: new Map([[BRIDGE, { mac: undefined, vlanAware: true, ageingTime: 0, switchId, driver: '' }]]),
  };
}

/** A mirror with these rows of the MAC: VLAN, port, flags. */
function mirrorOf(...rows: readonly (readonly [vlan: number, port: number, flags: number])[]): KernelMirror {
  const mirror = new KernelMirror();
  for (const [vlan, port, flags] of rows) mirror.enterBridge(BRIDGE, vlan, MAC, port, Nud.REACHABLE, flags);
  return mirror;
}

const TWIN = [0, ACCESS, Ntf.EXT_LEARNED] as const;

for (const { title, mirror, on, local } of [
  { title: 'alone, in the PVID of its port', mirror: mirrorOf(TWIN), on: topology('e0', 10), local: true },
  { title: 'on a port of another PVID', mirror: mirrorOf(TWIN), on: topology('e0', 20), local: false },
  { title: 'on a bridge without hardware', mirror: mirrorOf(TWIN), on: topology('', 10), local: false },
  {
    title: 'that no hardware learned',
    mirror: mirrorOf([0, ACCESS, 0]),
    on: topology('e0', 10),
    local: false,
  },
  {
    title: 'beside the row of its VLAN',
    mirror: mirrorOf(TWIN, [10, ACCESS, 0]),
    on: topology('e0', 10),
    local: true,
  },
  {
    title: 'while the bridge sends frames to it to another leaf',
    mirror: mirrorOf(TWIN, [10, VXLAN, Ntf.EXT_LEARNED]),
    on: topology('e0', 10),
    local: false,
  },
])
  test(`a row without a VLAN ${title}: ${local ? 'a local host' : 'none'}`, (t) => {
    t.is(localMac(mirror, on, AT, MAC)?.port, local ? ACCESS : undefined);
  });

test('every local MAC is met, with or without a VLAN', (t) => {
  t.deepEqual([...localMacs(mirrorOf(TWIN), topology('e0', 10), AT)], [MAC]);
  t.deepEqual([...localMacs(mirrorOf(TWIN, [10, ACCESS, 0]), topology('e0', 10), AT)], [MAC]);
  t.deepEqual([...localMacs(mirrorOf(TWIN), topology('', 10), AT)], []);
});
