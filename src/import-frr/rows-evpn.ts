import { type At, needless, numberOf, type Row, refused, row } from './row.js';

const ROUTED =
  'prefix routes are announced for a VRF alone: `networks` and `redistribute-connected` of `evpn.vrfs`';
const SEGMENTS = 'Ethernet segments are not originated';

function sets(form: string, key: string, value: unknown): Row {
  return row('evpn', form, (_, { model, line }) => {
    model.evpn.set(key, { value, line });
  });
}

function ofVni(
  form: string,
  apply: (word: string) => readonly (readonly [key: string, value: unknown])[],
): Row {
  return row('vni', form, ({ word = '' }, { place, line }) => {
    if (place.in !== 'vni') return;
    for (const [key, value] of apply(word)) {
      const before = place.block.settings.get(key)?.value;
      place.block.settings.set(key, {
        value: Array.isArray(before) && Array.isArray(value) ? [...new Set([...before, ...value])] : value,
        line,
      });
    }
  });
}

function duplicates(at: At, key: string, value: unknown): void {
  at.model.evpn.set(`duplicate-detection.${key}`, { value, line: at.line });
}

/** Statements of `address-family l2vpn evpn`. */
export const EVPN_ROWS: readonly Row[] = [
  row('evpn', 'advertise-all-vni', (_, { model, line }) => {
    model.servesAllVnis = { value: true, line };
  }),
  sets('advertise-default-gw', 'advertise-default-gateway', true),
  sets('advertise-svi-ip', 'advertise-svi-ip', true),
  sets('flooding disable', 'flooding', 'disabled'),
  sets('flooding head-end-replication', 'flooding', 'head-end-replication'),
  sets('autort rfc8365-compatible', 'auto-rt', 'rfc8365'),
  row('evpn', 'dup-addr-detection', (_, at) => duplicates(at, 'enabled', true)),
  row('evpn', 'no dup-addr-detection', (_, at) => duplicates(at, 'enabled', false)),
  row('evpn', 'dup-addr-detection max-moves <moves> time <window>', ({ moves, window }, at) => {
    duplicates(at, 'moves', numberOf(moves));
    duplicates(at, 'window', numberOf(window));
  }),
  row('evpn', 'dup-addr-detection freeze <time>', ({ time = '' }, at) => {
    duplicates(at, 'action', 'freeze');
    duplicates(at, 'freeze-time', time === 'permanent' ? time : numberOf(time));
  }),
  row('evpn', 'vni <vni>', ({ vni }, at) => {
    const number = numberOf(vni);
    const block = at.model.vnis.get(number) ?? { vni: number, line: at.line, settings: new Map() };
    at.model.vnis.set(number, block);
    at.enter({ in: 'vni', block });
  }),
  ofVni('rd <word>', (rd) => [['rd', rd]]),
  ofVni('route-target import <word...>', (targets) => [['import-route-targets', targets.split(' ')]]),
  ofVni('route-target export <word...>', (targets) => [['export-route-targets', targets.split(' ')]]),
  ofVni('route-target both <word...>', (targets) => [
    ['import-route-targets', targets.split(' ')],
    ['export-route-targets', targets.split(' ')],
  ]),
  ofVni('advertise-svi-ip', () => [['advertise-svi-ip', true]]),
  ofVni('advertise-default-gw', () => [['advertise-default-gateway', true]]),
  ...refused('vni', ROUTED, 'advertise-subnet'),
  ...refused(
    'evpn',
    ROUTED,
    'advertise ipv4 unicast [<words...>]',
    'advertise ipv6 unicast [<words...>]',
    'default-originate <family>',
    'advertise-pip [<words...>]',
    'no advertise-pip',
    'rd <rd>',
    'route-target <direction> <target...>',
    'enable-resolve-overlay-index',
  ),
  ...refused(
    'evpn',
    SEGMENTS,
    'use-es-l3nhg',
    'no use-es-l3nhg',
    'disable-ead-evi-rx',
    'no disable-ead-evi-rx',
    'disable-ead-evi-tx',
    'no disable-ead-evi-tx',
    'ead-es-frag <words...>',
    'ead-es-route-target <words...>',
  ),
  ...refused(
    'evpn',
    'route targets are derived from asn; name others for each VNI in evpn.vnis',
    'autort as <asn>',
  ),
  ...needless('evpn', 'no advertise-all-vni', 'no advertise-svi-ip', 'no advertise-default-gw'),
];
