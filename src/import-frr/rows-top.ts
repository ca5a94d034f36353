import type { ListEntry, Model } from './model.js';
import { asNumber, needless, numberOf, type Row, refused, row } from './row.js';

/** Adds an entry to a list of the file; FRR numbers what has no number by fives. */
function addEntry(
  model: Model,
  key: string,
  entry: Omit<ListEntry, 'sequence'>,
  sequence: string | undefined,
): void {
  const entries = model.lists.get(key) ?? [];
  const last = entries.reduce((highest, each) => Math.max(highest, each.sequence), 0);
  entries.push({ ...entry, sequence: sequence === undefined ? last + 5 : numberOf(sequence) });
  model.lists.set(
    key,
    entries.toSorted((a, b) => a.sequence - b.sequence),
  );
}

/** The words of an entry; of a prefix list as evpnd writes them. */
function entryOf(kind: string, value: string): string {
  if (!kind.endsWith('prefix-list')) return value;
  const isSix = kind.startsWith('ipv6');
  if (value === 'any') return isSix ? '::/0 le 128' : '0.0.0.0/0 le 32';
  return value.replace(/^(\S+) (le \d+) (ge \d+)$/, '$1 $3 $2');
}

/** Forms of a list's entry, whose last words are `<value...>`. */
function list(kind: string, ...heads: readonly string[]): Row[] {
  return heads.flatMap((head) =>
    (['permit', 'deny'] as const).flatMap((action) => [
      row(
        'top',
        `${head} <name> [seq <seq>] ${action} <value...>`,
        ({ name, seq, value = '' }, { model, line }) =>
          addEntry(
            model,
            `${kind} ${name}`,
            { permits: action === 'permit', value: entryOf(kind, value), line },
            seq,
          ),
      ),
    ]),
  );
}

function skips(why: string, ...forms: readonly string[]): Row[] {
  return forms.map((form) =>
    row('top', form, (_, at) => {
      at.enter({ in: 'skipped', why });
      return why;
    }),
  );
}

const OTHER_PROTOCOL = 'evpnd speaks BGP alone; FRR can do this beside it';

/** Statements outside of any block, and those that begin one. */
export const TOP_ROWS: readonly Row[] = [
  row('top', 'frr version <version>', ({ version }, { model }) => {
    model.version = version;
  }),
  row('top', 'frr defaults <profile>', ({ profile }, { model }) => {
    model.profile = profile;
  }),
  ...['router-id <id>', 'ip router-id <id>'].map((form) =>
    row('top', form, ({ id = '' }, { model, line }) => {
      model.generalRouterId = { value: id, line };
    }),
  ),
  row('top', 'router bgp <asn> [as-notation <notation>]', openRouter),
  row('top', 'router bgp', (_, at) => {
    if (at.model.asn === undefined) return 'it has no AS number';
    at.enter({ in: 'bgp' });
    return undefined;
  }),
  ...skips('evpnd has no views', 'router bgp <asn> view <view...>'),
  ...skips(OTHER_PROTOCOL, 'router <protocol> [<more...>]'),
  ...skips(
    "devices, their addresses and what other protocols do with them are the operating system's, or FRR's beside evpnd",
    'interface <name...>',
    'nexthop-group <name>',
    'pbr-map <name...>',
    'segment-routing',
    'mpls ldp',
  ),
  ...skips('validation of origins (RPKI) is not there', 'rpki [<more...>]'),
  row('top', 'vrf <name>', ({ name = '' }, at) => at.enter({ in: 'vrf', name })),
  row('vrf', 'vni <vni> [prefix-routes-only]', ({ vni }, { model, place, line }) => {
    if (place.in === 'vrf') model.routedVnis.push({ value: { vrf: place.name, vni: numberOf(vni) }, line });
  }),
  row('top', 'bfd', (_, at) => at.enter({ in: 'bfd' })),
  row('bfd', 'profile <name>', ({ name = '' }, at) => {
    const profile = at.model.bfdProfiles.get(name) ?? {};
    at.model.bfdProfiles.set(name, profile);
    at.enter({ in: 'bfd-profile', profile });
  }),
  row('bfd-profile', 'detect-multiplier <count>', ({ count }, { place }) => {
    if (place.in === 'bfd-profile') place.profile.multiplier = numberOf(count);
  }),
  ...['transmit-interval', 'receive-interval'].map((word) =>
    row('bfd-profile', `${word} <time>`, ({ time }, { place }) => {
      // evpnd has one for both ways: the slower one keeps what was asked for
      if (place.in === 'bfd-profile')
        place.profile.interval = Math.max(place.profile.interval ?? 0, numberOf(time));
    }),
  ),
  ...(['permit', 'deny'] as const).map((action) =>
    row('top', `route-map <name> ${action} <sequence>`, ({ name = '', sequence }, at) => {
      const entries = at.model.routeMaps.get(name) ?? [];
      const number = numberOf(sequence);
      const entry = entries.find((each) => each.sequence === number) ?? {
        name,
        permits: action === 'permit',
        sequence: number,
        line: at.line,
        clauses: [],
      };
      if (!entries.includes(entry)) entries.push(entry);
      at.model.routeMaps.set(
        name,
        entries.toSorted((a, b) => a.sequence - b.sequence),
      );
      at.enter({ in: 'route-map', entry });
    }),
  ),
  ...['match', 'set', 'on-match', 'call', 'continue'].map((word) =>
    row('route-map', `${word} [<words...>]`, ({ words = '' }, { place, line }) => {
      if (place.in === 'route-map') place.entry.clauses.push({ words: `${word} ${words}`.trim(), line });
    }),
  ),
  ...needless('route-map', 'description <words...>'),
  ...list('ip prefix-list', 'ip prefix-list'),
  ...list('ipv6 prefix-list', 'ipv6 prefix-list'),
  ...list(
    'community-list',
    'bgp community-list standard',
    'ip community-list standard',
    'bgp community-list',
    'ip community-list',
  ),
  ...list(
    'large-community-list',
    'bgp large-community-list standard',
    'ip large-community-list standard',
    'bgp large-community-list',
    'ip large-community-list',
  ),
  ...list(
    'extcommunity-list',
    'bgp extcommunity-list standard',
    'ip extcommunity-list standard',
    'bgp extcommunity-list',
    'ip extcommunity-list',
  ),
  ...list('as-path', 'bgp as-path access-list', 'ip as-path access-list'),
  ...needless(
    'top',
    'ip prefix-list <name> description <words...>',
    'ipv6 prefix-list <name> description <words...>',
  ),
  ...needless(
    'top',
    'hostname <name>',
    'domainname <name>',
    'log <words...>',
    'no log <words...>',
    'service <words...>',
    'no service <words...>',
    'line vty',
    'debug <words...>',
    'password <words...>',
    'enable password <words...>',
    'username <words...>',
    'banner <words...>',
    'no banner motd',
    'agentx',
    'no ipv6 forwarding',
    'no ip forwarding',
    'zebra nexthop-group keep <seconds>',
  ),
  ...refused(
    'top',
    'evpnd sets no sysctls: net.ipv4.ip_forward=1, net.ipv6.conf.all.forwarding=1 where packets are routed',
    'ip forwarding',
    'ipv6 forwarding',
  ),
  ...['ip', 'ipv6'].map((family) =>
    row('top', `${family} nht resolve-via-default`, (_, { model, line }) => {
      model.underlay.set('resolve-via-default', { value: true, line });
    }),
  ),
  ...refused(
    'top',
    'static routes are those of the operating system',
    'ip route <words...>',
    'ipv6 route <words...>',
  ),
];

export function openRouter(
  { asn = '' }: { readonly asn?: string | undefined },
  at: Parameters<Row['apply']>[1],
): undefined {
  const { model, line } = at;
  if (model.asn !== undefined && asNumber(model.asn.value) !== asNumber(asn))
    throw new SeveralRouters(model.asn.value, model.asn.line, asn, line);
  model.asn ??= { value: asn, line };
  at.enter({ in: 'bgp' });
}

/** Two BGP instances, of which evpnd can be one only. */
export class SeveralRouters extends Error {
  override readonly name = 'SeveralRouters';
  constructor(first: string, firstLine: number, second: string, line: number) {
    super(
      `line ${line}: router bgp ${second} is a second BGP instance beside router bgp ${first} (line ${firstLine}); evpnd has one: import a file with one of them`,
    );
  }
}
