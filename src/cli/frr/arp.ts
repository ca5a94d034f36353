import { ClientError, type Item, type Query } from '../client.js';
import { type Answer, type Api, type FrrCommand, type Given, keyed, unlessMissing } from './command.js';
import { type Duplicates, duplicatesOf, jsonOf, keyOf, mobility, type PerVni } from './hosts.js';
import { line, text } from './text.js';
import { kernelVnis, noVni } from './vnis.js';

/* show evpn arp-cache. */

export const ARP_COMMANDS: readonly FrrCommand[] = [
  {
    words: 'show evpn arp-cache vni VNI|all',
    does: 'IPs',
    answer: (api, given) => arpCache(api, given, {}),
  },
  {
    words: 'show evpn arp-cache vni VNI vtep VTEP',
    does: 'IPs behind a VTEP',
    answer: (api, given) => arpCache(api, given, { vtep: given.VTEP }),
  },
  {
    words: 'show evpn arp-cache vni VNI ip IP',
    does: 'one IP',
    async answer(api, given) {
      const [list] = await arpPerVni(api, given, {});
      if (!list) return noVni(given.VNI);
      const { IP: ip = '' } = given;
      const fields = list.value[ip.toLowerCase()] as Item | undefined;
      return {
        json: fields ? { ip, ...fields } : {},
        text: () => {
          if (!fields) throw new ClientError(`VNI ${given.VNI} does not have IP ${ip}`);
          return arpText(ip, fields);
        },
      };
    },
  },
];

async function arpPerVni(api: Api, given: Given, filter: Query): Promise<PerVni<Item>[]> {
  const [vnis, duplicates] = await Promise.all([
    given.VNI === undefined ? kernelVnis(api) : [{ vni: Number(given.VNI) }],
    duplicatesOf(api),
  ]);
  const lists: PerVni<Item>[] = [];
  for (const { vni } of vnis) {
    const items = await unlessMissing(api.all(`/vnis/${vni}/arp-cache`, filter));
    if (!items) continue;
    // An IP has the sequence number of its MAC
    const macs = await api.all(`/vnis/${vni}/macs`, filter);
    lists.push({ vni, value: arpList(vni, items, macs, duplicates) });
  }
  return lists;
}

async function arpCache(api: Api, given: Given, filter: Query): Promise<Answer> {
  const perVni = await arpPerVni(api, given, filter);
  const all = given.VNI === undefined;
  if (!all && perVni.length === 0) return noVni(given.VNI);
  return {
    json: jsonOf(perVni, all),
    text: () => perVni.map(({ vni, value }) => arpTable(value, all ? vni : undefined)).join(''),
  };
}

/** Returns what FRR has of a list of /vnis/N/arp-cache; IPs stand beside their number. */
export function arpList(
  vni: unknown,
  items: readonly Item[],
  macs: readonly Item[],
  duplicates: Duplicates,
): Item {
  const sequences = new Map(macs.map(({ mac, sequence }) => [mac, sequence]));
  return {
    numArpNd: items.length,
    ...keyed(items, 'ip', ({ ip, mac, origin, vtep }) => ({
      type: origin,
      state: 'active',
      mac,
      ...(origin === 'remote' && { remoteVtep: vtep }),
      ...mobility(origin, sequences.get(mac) ?? 0, duplicates.get(keyOf(vni, ip))),
    })),
  };
}

/** Returns the table of a value of `arpList`, under a title where it is of one VNI among others. */
export function arpTable({ numArpNd, ...ips }: Item, vni?: unknown): string {
  const rows = Object.entries(ips as Record<string, Item>);
  const widths = [Math.max(8, ...rows.map(([ip]) => ip.length)), 6, 5, 8, 17, 30];
  return text(
    vni === undefined
      ? `Number of ARPs (local and remote) known for this VNI: ${numArpNd}`
      : ['', `VNI ${vni} #ARP (IPv4 and IPv6, local and remote) ${numArpNd}`, ''],
    'Flags: D=duplicate',
    line(widths, ['Neighbor', 'Type', 'Flags', 'State', 'MAC', 'Remote ES/VTEP', "Seq #'s"]),
    rows.map(([ip, fields]) =>
      line(widths, [
        ip,
        fields.type,
        fields.isDuplicate ? 'D' : '',
        fields.state,
        fields.mac,
        fields.remoteVtep,
        `${fields.localSequence}/${fields.remoteSequence}`,
      ]),
    ),
  );
}

const arpText = (ip: string, fields: Item) =>
  text(
    `IP: ${ip}`,
    ` Type: ${fields.type}`,
    ` State: ${fields.state}`,
    ` MAC: ${fields.mac}`,
    fields.remoteVtep === undefined ? [] : ` Remote VTEP: ${fields.remoteVtep}`,
    ` Local Seq: ${fields.localSequence} Remote Seq: ${fields.remoteSequence}`,
    fields.isDuplicate ? ` Duplicate, detected with ${fields.detectionCount} moves` : [],
  );
