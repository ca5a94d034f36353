import { ClientError, type Item } from '../client.js';
import { at } from '../output.js';
import { type Api, type FrrCommand, keyed, present, unlessMissing } from './command.js';
import { line, text } from './text.js';

/* zebra's view of the VNIs: show evpn, show evpn vni. */

export const VNI_COMMANDS: readonly FrrCommand[] = [
  {
    words: 'show evpn',
    does: 'number of VNIs',
    async answer(api) {
      const json = overview(await kernelVnis(api));
      return { json, text: () => text(`L2 VNIs: ${json.numL2Vnis}`, `L3 VNIs: ${json.numL3Vnis}`) };
    },
  },
  {
    words: 'show evpn vni',
    does: 'VNIs that the kernel has, with their numbers of MACs, IPs and VTEPs',
    async answer(api) {
      const [vnis, vteps] = await Promise.all([kernelVnis(api), api.all('/vteps')]);
      const json = keyed(vnis, 'vni', (vni) => vniSummary(vni, vteps));
      return { json, text: () => vniTable(Object.values(json) as Item[]) };
    },
  },
  {
    words: 'show evpn vni detail',
    does: 'each of them in full',
    async answer(api) {
      const [vnis, vteps] = await Promise.all([kernelVnis(api), api.all('/vteps')]);
      const json = vnis.map((vni) => vniDetail(vni, vteps));
      return { json, text: () => json.map((vni) => `${vniText(vni)}\n`).join('') };
    },
  },
  {
    words: 'show evpn vni VNI',
    does: 'one in full',
    async answer(api, given) {
      const [vni, vteps] = await Promise.all([
        unlessMissing(api.get(`/vnis/${given.VNI}`)),
        api.all('/vteps'),
      ]);
      if (!vni || !isInKernel(vni)) return noVni(given.VNI);
      const json = vniDetail(vni, vteps);
      return { json, text: () => vniText(json) };
    },
  },
];

/** FRR prints an empty object, and says so to people alone. */
export const noVni = (vni: string | undefined) => ({
  json: {},
  text: (): string => {
    throw new ClientError(`VNI ${vni} does not exist`);
  },
});

/** FRR's zebra knows the VNIs of devices, not those that are configured alone. */
export const kernelVnis = async (api: Api) => (await api.all('/vnis')).filter(isInKernel);

const isInKernel = ({ vxlanDevice }: Item) => vxlanDevice !== null;

/** Returns `show evpn json` of items of /vnis. */
export const overview = (vnis: readonly Item[]): Item => ({
  numVnis: vnis.length,
  numL2Vnis: vnis.length,
  numL3Vnis: 0,
});

/** Addresses of the VTEPs of a VNI, of items of /vteps. */
const vtepsOf = ({ vni }: Item, vteps: readonly Item[]) =>
  vteps.filter(({ vnis }) => (vnis as unknown[]).includes(vni)).map(({ address }) => String(address));

const macsOf = (vni: Item) => Number(at(vni, 'counts.localMacs')) + Number(at(vni, 'counts.remoteMacs'));
const ipsOf = (vni: Item) => Number(at(vni, 'counts.localIps')) + Number(at(vni, 'counts.remoteIps'));

/** Returns what `show evpn vni json` has of an item of /vnis. */
export function vniSummary(vni: Item, vteps: readonly Item[]): Item {
  const remoteVteps = vtepsOf(vni, vteps);
  return {
    vni: vni.vni,
    type: 'L2',
    vxlanIf: vni.vxlanDevice,
    numMacs: macsOf(vni),
    numArpNd: ipsOf(vni),
    numRemoteVteps: remoteVteps.length,
    tenantVrf: 'default',
    remoteVteps,
  };
}

/** Returns `show evpn vni N json`, where FRR's `numRemoteVteps` is the list and not its length. */
export function vniDetail(vni: Item, vteps: readonly Item[]): Item {
  return present({
    vni: vni.vni,
    type: 'L2',
    vrf: 'default',
    vxlanInterface: vni.vxlanDevice,
    sviInterface: vni.svi,
    vtepIp: vni.localVtep,
    mcastGroup: vni.multicastGroup ?? '0.0.0.0',
    numMacs: macsOf(vni),
    numArpNd: ipsOf(vni),
    numRemoteVteps: vtepsOf(vni, vteps),
  });
}

const WIDTHS = [10, 4, 21, 8, 8, 15, 37];

/** Returns the table of values of `vniSummary`. */
export const vniTable = (vnis: readonly Item[]) =>
  text(
    line(WIDTHS, ['VNI', 'Type', 'VxLAN IF', '# MACs', '# ARPs', '# Remote VTEPs', 'Tenant VRF']),
    vnis.map((vni) =>
      line(WIDTHS, [
        vni.vni,
        vni.type,
        vni.vxlanIf,
        vni.numMacs,
        vni.numArpNd,
        vni.numRemoteVteps,
        vni.tenantVrf,
      ]),
    ),
  );

/** Returns the lines of a value of `vniDetail`. */
export const vniText = (vni: Item) =>
  text(
    `VNI: ${vni.vni}`,
    ` Type: ${vni.type}`,
    ` Tenant VRF: ${vni.vrf}`,
    ` VxLAN interface: ${vni.vxlanInterface}`,
    ` SVI interface: ${vni.sviInterface ?? ''}`,
    ` Local VTEP IP: ${vni.vtepIp ?? '0.0.0.0'}`,
    ` Mcast group: ${vni.mcastGroup}`,
    (vni.numRemoteVteps as string[]).length > 0
      ? [
          ' Remote VTEPs for this VNI:',
          ...(vni.numRemoteVteps as string[]).map((vtep) => `  ${vtep} flood: HER`),
        ]
      : ' No remote VTEPs known for this VNI',
    ` Number of MACs (local and remote) known for this VNI: ${vni.numMacs}`,
    ` Number of ARPs (IPv4 and IPv6, local and remote) known for this VNI: ${vni.numArpNd}`,
  );
