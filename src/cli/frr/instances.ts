import type { Item } from '../client.js';
import { type FrrCommand, keyed, present, unlessMissing } from './command.js';
import { line, text } from './text.js';
import { noVni } from './vnis.js';

/* bgpd's view of the VNIs: show bgp l2vpn evpn vni. */

export const INSTANCE_COMMANDS: readonly FrrCommand[] = [
  {
    words: 'show bgp l2vpn evpn vni',
    does: 'VNIs with their route distinguishers and route targets',
    async answer(api) {
      const vnis = await api.all('/vnis');
      const json = {
        numVnis: vnis.length,
        numL2Vnis: vnis.length,
        numL3Vnis: 0,
        ...keyed(vnis, 'vni', (vni) => instance(vni, 'RTs')),
      };
      return { json, text: () => instancesText(vnis.map((vni) => instance(vni, 'RTs'))) };
    },
  },
  {
    words: 'show bgp l2vpn evpn vni VNI',
    does: 'one of them',
    async answer(api, { VNI: number }) {
      const vni = await unlessMissing(api.get(`/vnis/${number}`));
      if (!vni) return noVni(number);
      const json = { ...instance(vni, 'Rts'), ...present({ sviInterface: vni.svi }) };
      return { json, text: () => instanceText(json) };
    },
  },
];

/** Returns what FRR has of an item of /vnis. It spells route targets one way in its list and another where it shows one VNI. */
export const instance = (vni: Item, spelling: 'RTs' | 'Rts'): Item =>
  present({
    vni: vni.vni,
    type: 'L2',
    inKernel: vni.vxlanDevice === null ? 'False' : 'True',
    rd: vni.rd,
    originatorIp: vni.localVtep,
    mcastGroup: vni.multicastGroup ?? '0.0.0.0',
    [`import${spelling}`]: vni.importRouteTargets,
    [`export${spelling}`]: vni.exportRouteTargets,
  });

const WIDTHS = [1, 10, 4, 21, 25, 25, 37];

function instancesText(vnis: readonly Item[]): string {
  return text(
    `Number of L2 VNIs: ${vnis.length}`,
    'Number of L3 VNIs: 0',
    'Flags: * - Kernel',
    line(WIDTHS, ['', 'VNI', 'Type', 'RD', 'Import RT', 'Export RT', 'Tenant VRF']),
    vnis.map((vni) =>
      line(WIDTHS, [
        vni.inKernel === 'True' ? '*' : '',
        vni.vni,
        vni.type,
        vni.rd,
        (vni.importRTs as string[]).join(', '),
        (vni.exportRTs as string[]).join(', '),
        'default',
      ]),
    ),
  );
}

const instanceText = (vni: Item) =>
  text(
    `VNI: ${vni.vni}${vni.inKernel === 'True' ? ' (known to the kernel)' : ''}`,
    `  Type: ${vni.type}`,
    '  Tenant-Vrf: default',
    `  RD: ${vni.rd ?? '-'}`,
    `  Originator IP: ${vni.originatorIp ?? '-'}`,
    `  Mcast group: ${vni.mcastGroup}`,
    `  SVI interface : ${vni.sviInterface ?? ''}`,
    '  Import Route Target:',
    (vni.importRts as string[]).map((target) => `    ${target}`),
    '  Export Route Target:',
    (vni.exportRts as string[]).map((target) => `    ${target}`),
  );
