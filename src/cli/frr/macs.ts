import { ClientError, type Item, type Query } from '../client.js';
import {
  type Answer,
  type Api,
  type FrrCommand,
  type Given,
  keyed,
  present,
  unlessMissing,
} from './command.js';
import { type Duplicates, duplicatesOf, jsonOf, keyOf, mobility, type PerVni } from './hosts.js';
import { line, text } from './text.js';
import { kernelVnis, noVni } from './vnis.js';

/* show evpn mac. */

export const MAC_COMMANDS: readonly FrrCommand[] = [
  {
    words: 'show evpn mac vni VNI|all',
    does: 'MACs',
    answer: (api, given) => macs(api, given, {}),
  },
  {
    words: 'show evpn mac vni VNI|all vtep VTEP',
    does: 'MACs behind a VTEP',
    answer: (api, given) => macs(api, given, { vtep: given.VTEP }),
  },
  {
    words: 'show evpn mac vni VNI|all duplicate',
    does: 'MACs that are in two places',
    answer: (api, given) => macs(api, given, {}, ({ isDuplicate }) => isDuplicate === true),
  },
  {
    words: 'show evpn mac vni all detail',
    does: 'MACs with their IPs',
    async answer(api, given) {
      const perVni = await macsPerVni(api, given, {}, macDetail);
      return {
        json: jsonOf(perVni, true),
        text: () =>
          perVni
            .map(({ vni, value }) =>
              text('', `VNI ${vni} #MACs (local and remote) ${value.numMacs}`, '', detailsText(value)),
            )
            .join(''),
      };
    },
  },
  {
    words: 'show evpn mac vni VNI mac MAC',
    does: 'one MAC with its IPs',
    async answer(api, given) {
      const [list] = await macsPerVni(api, given, {}, macDetail);
      if (!list) return noVni(given.VNI);
      const mac = normalMac(given.MAC ?? '');
      const found = (list.value.macs as Item)[mac];
      return {
        json: found ? { [mac]: found } : {},
        text: () => {
          if (!found) throw new ClientError(`VNI ${given.VNI} does not have MAC ${mac}`);
          return detailsText({ macs: { [mac]: found } });
        },
      };
    },
  },
];

/** A MAC as the API writes it. */
const normalMac = (mac: string) =>
  mac
    .toLowerCase()
    .split(':')
    .map((octet) => octet.padStart(2, '0'))
    .join(':');

/** Returns the MACs of the VNI that is given, or of all; none where the kernel does not have it. */
async function macsPerVni(
  api: Api,
  given: Given,
  filter: Query,
  show: (mac: Item, duplicate: Item | undefined) => Item,
  among: (mac: Item) => boolean = () => true,
): Promise<PerVni<Item>[]> {
  const [vnis, duplicates] = await Promise.all([
    given.VNI === undefined ? kernelVnis(api) : [{ vni: Number(given.VNI) }],
    duplicatesOf(api),
  ]);
  const lists: PerVni<Item>[] = [];
  for (const { vni } of vnis) {
    const items = await unlessMissing(api.all(`/vnis/${vni}/macs`, filter));
    if (items) lists.push({ vni, value: macList(vni, items, duplicates, show, among) });
  }
  return lists;
}

async function macs(api: Api, given: Given, filter: Query, among?: (mac: Item) => boolean): Promise<Answer> {
  const perVni = await macsPerVni(api, given, filter, macItem, among);
  const all = given.VNI === undefined;
  if (!all && perVni.length === 0) return noVni(given.VNI);
  return {
    json: jsonOf(perVni, all),
    text: () => perVni.map(({ vni, value }) => macTable(value, all ? vni : undefined)).join(''),
  };
}

/** Returns what FRR has of a list of /vnis/N/macs. */
export function macList(
  vni: unknown,
  items: readonly Item[],
  duplicates: Duplicates,
  show: (mac: Item, duplicate: Item | undefined) => Item = macItem,
  among: (mac: Item) => boolean = () => true,
): Item {
  const shown = items
    .map((item) => ({ mac: item.mac, ...show(item, duplicates.get(keyOf(vni, item.mac))) }))
    .filter(among);
  return { numMacs: shown.length, macs: keyed(shown, 'mac', ({ mac, ...fields }) => fields) };
}

/** Returns a MAC as lists have it. */
export const macItem = (mac: Item, duplicate: Item | undefined): Item => ({
  ...place(mac),
  ...mobility(mac.origin, mac.sequence, duplicate),
});

/** Returns a MAC as it is shown alone. */
export const macDetail = (mac: Item, duplicate: Item | undefined): Item => ({
  ...place(mac),
  ...present({ stickyMac: mac.sticky === true ? true : undefined }),
  ...mobility(mac.origin, mac.sequence, duplicate),
  neighbors: { active: mac.ips, inactive: [] },
});

const place = (mac: Item): Item =>
  mac.origin === 'local'
    ? present({ type: 'local', intf: mac.device, vlan: mac.vlan })
    : { type: 'remote', remoteVtep: mac.vtep };

const WIDTHS = [17, 6, 5, 30, 5];

/** Returns the table of a value of `macList`, under a title where it is of one VNI among others. */
export const macTable = (list: Item, vni?: unknown) =>
  text(
    vni === undefined
      ? `Number of MACs (local and remote) known for this VNI: ${list.numMacs}`
      : ['', `VNI ${vni} #MACs (local and remote) ${list.numMacs}`, ''],
    'Flags: D=duplicate',
    line(WIDTHS, ['MAC', 'Type', 'Flags', 'Intf/Remote ES/VTEP', 'VLAN', "Seq #'s"]),
    Object.entries(list.macs as Record<string, Item>).map(([mac, fields]) =>
      line(WIDTHS, [
        mac,
        fields.type,
        fields.isDuplicate ? 'D' : '',
        fields.intf ?? fields.remoteVtep,
        fields.vlan,
        `${fields.localSequence}/${fields.remoteSequence}`,
      ]),
    ),
  );

const detailsText = (list: Item) =>
  Object.entries(list.macs as Record<string, Item>)
    .map(([mac, fields]) => macText(mac, fields))
    .join('\n');

/** Returns the lines of a value of `macDetail`. */
export function macText(mac: string, fields: Item): string {
  const { active } = fields.neighbors as { active: string[] };
  return text(
    `MAC: ${mac}`,
    fields.type === 'local'
      ? ` Intf: ${fields.intf ?? '-'} VLAN: ${fields.vlan ?? 0}`
      : ` Remote VTEP: ${fields.remoteVtep}`,
    fields.stickyMac ? ' Sticky Mac' : [],
    ` Local Seq: ${fields.localSequence} Remote Seq: ${fields.remoteSequence}`,
    fields.isDuplicate ? ` Duplicate, detected with ${fields.detectionCount} moves` : [],
    ' Neighbors:',
    active.length === 0 ? '    No Neighbors' : active.map((ip) => `    ${ip} Active`),
  );
}
