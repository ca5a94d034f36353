import { isIP } from 'node:net';
import type { Given, Peer } from './model.js';
import type { Words } from './pattern.js';
import {
  type At,
  asNumber,
  needless,
  numberOf,
  numberOrWord,
  type Place,
  type Row,
  refused,
  row,
} from './row.js';

const ROUTER: readonly Place['in'][] = ['bgp', 'family', 'evpn'];
/** FRR's for `neighbor X allowas-in` without a number. */
const ALLOWAS_IN = 3;
/** FRR's for `neighbor X ebgp-multihop` without a number. */
const MULTIHOP = 255;

/** A statement of one neighbor or peer group, which an earlier statement has to have named. */
function of(form: string, apply: (peer: Peer, words: Words, at: At) => unknown): Row {
  const words = form.startsWith('no ') ? `no neighbor <peer> ${form.slice(3)}` : `neighbor <peer> ${form}`;
  return row(ROUTER, words, (found, at) => {
    const peer = at.model.peers.get(found.peer ?? '');
    if (peer === undefined) return `there is no neighbor or peer group ${found.peer} before it`;
    return apply(peer, found, at);
  });
}

/** A statement that is one setting; the value is of the word `value`. */
function sets(form: string, key: string, value: (word: string) => unknown): Row {
  return of(form, (peer, words, at) => set(peer, key, value(words.value ?? ''), at));
}

function set(peer: Peer, key: string, value: unknown, { line }: At): void {
  peer.settings.set(key, { value, line });
}

function peerOf(name: string, kind: Peer['kind'], { model, line }: At): Peer {
  const peer = model.peers.get(name) ?? {
    name,
    line,
    kind,
    group: undefined,
    settings: new Map<string, Given<unknown>>(),
    active: new Map(),
    limits: new Map(),
    bfd: undefined,
    bfdProfile: undefined,
    filters: [],
    extendedNexthop: undefined,
  };
  model.peers.set(name, peer);
  return peer;
}

const remoteAs = (word: string) => (word === 'internal' || word === 'external' ? word : asNumber(word));

function join(peer: Peer, group: string, at: At): string | undefined {
  if (at.model.peers.get(group)?.kind !== 'group') return `there is no peer group ${group} before it`;
  peer.group = { value: group, line: at.line };
  return undefined;
}

function byInterface({ peer = '', group, as }: Words, at: At): string | undefined {
  const neighbor = peerOf(peer, 'interface', at);
  if (neighbor.kind !== 'interface') return `${peer} is a peer group or an address`;
  if (as !== undefined) set(neighbor, 'remote-as', remoteAs(as), at);
  return group === undefined ? undefined : join(neighbor, group, at);
}

function filters(kind: 'route-map' | 'prefix-list'): Row[] {
  return (['in', 'out'] as const).map((direction) =>
    of(`${kind} <name> ${direction}`, (peer, { name = '' }, { family, line }) => {
      const index = peer.filters.findIndex(
        (each) => each.kind === kind && each.family === family && each.direction === direction,
      );
      if (index >= 0) peer.filters.splice(index, 1);
      peer.filters.push({ kind, name, family, direction, line });
    }),
  );
}

/** Statements that begin with `neighbor`. */
export const NEIGHBOR_ROWS: readonly Row[] = [
  row(ROUTER, 'neighbor <peer> peer-group', ({ peer = '' }, at) => {
    if (isIP(peer) > 0) return 'an address is no name of a peer group';
    peerOf(peer, 'group', at);
    return undefined;
  }),
  row(ROUTER, 'neighbor <peer> interface [v6only]', byInterface),
  row(ROUTER, 'neighbor <peer> interface [v6only] peer-group <group>', byInterface),
  row(ROUTER, 'neighbor <peer> interface [v6only] remote-as <as>', byInterface),
  row(ROUTER, 'neighbor <peer> remote-as <as>', ({ peer = '', as = '' }, at) => {
    if (isIP(peer) === 0 && !at.model.peers.has(peer))
      return `there is no peer group or interface ${peer} before it`;
    set(peerOf(peer, 'address', at), 'remote-as', remoteAs(as), at);
    return undefined;
  }),
  row(ROUTER, 'neighbor <peer> peer-group <group>', ({ peer = '', group = '' }, at) => {
    if (isIP(peer) === 0 && !at.model.peers.has(peer)) return `there is no neighbor ${peer} before it`;
    return join(peerOf(peer, 'address', at), group, at);
  }),
  of('activate', (peer, _, { family, line }) => {
    peer.active.set(family, { value: true, line });
  }),
  of('no activate', (peer, _, { family, line }) => {
    peer.active.set(family, { value: false, line });
  }),
  sets('description <value...>', 'description', String),
  sets('passive', 'passive', () => true),
  sets('port <value>', 'port', numberOrWord),
  sets('shutdown', 'shutdown', () => true),
  sets('shutdown message <value...>', 'shutdown', String),
  sets('timers connect <value>', 'connect-retry-time', numberOrWord),
  of('timers delayopen <value>', () => 'an OPEN is sent as soon as the connection stands'),
  of('timers <keepalive> <hold>', (peer, { keepalive, hold }, at) => {
    set(peer, 'hold-time', numberOf(hold), at);
    set(peer, 'keepalive-time', numberOf(keepalive), at);
  }),
  of('password <value...>', (peer, _, at) => {
    const file = `/etc/evpnd/keys/${peer.name.replace(/[^A-Za-z0-9.-]/g, '-')}`;
    set(peer, 'password-file', file, at);
    at.differs(`put the key into ${file}, which the user of evpnd alone may read, before evpnd starts`);
  }),
  sets('advertisement-interval <value>', 'advertisement-interval', numberOrWord),
  sets('ttl-security hops <value>', 'ttl-security', numberOrWord),
  sets('ebgp-multihop', 'ebgp-multihop', () => MULTIHOP),
  sets('ebgp-multihop <value>', 'ebgp-multihop', numberOrWord),
  of('update-source <value>', (peer, { value = '' }, at) => {
    const isAddress = isIP(value) > 0;
    peer.settings.delete(isAddress ? 'update-source' : 'local-address');
    set(peer, isAddress ? 'local-address' : 'update-source', value, at);
  }),
  of('local-as <as>', (peer, { as = '' }, at) => {
    set(peer, 'local-as', asNumber(as), at);
    at.differs('evpnd does as with no-prepend replace-as: the neighbor sees this AS alone');
  }),
  of('local-as <as> no-prepend', (peer, { as = '' }, at) => {
    set(peer, 'local-as', asNumber(as), at);
    at.differs('evpnd does as with no-prepend replace-as: the neighbor sees this AS alone');
  }),
  sets('local-as <value> no-prepend replace-as', 'local-as', asNumber),
  sets('enforce-first-as', 'enforce-first-as', () => true),
  sets('no enforce-first-as', 'enforce-first-as', () => false),
  sets('allowas-in', 'allowas-in', () => ALLOWAS_IN),
  of('allowas-in origin', () => 'evpnd counts our AS anywhere in the path (allowas-in)'),
  sets('allowas-in <value>', 'allowas-in', numberOrWord),
  sets('soo <value>', 'site-of-origin', String),
  of('bfd', (peer, _, { line }) => {
    peer.bfd = { value: {}, line };
  }),
  of(
    'bfd <multiplier> <receive> <transmit>',
    (peer, { multiplier, receive, transmit }, { line, differs }) => {
      const [least, most] = [numberOf(receive), numberOf(transmit)].toSorted((a, b) => a - b);
      peer.bfd = { value: { multiplier: numberOf(multiplier), interval: most }, line };
      if (least !== most) differs(`evpnd has one interval for both ways: ${most} ms`);
    },
  ),
  of('bfd profile <name>', (peer, { name = '' }, { line }) => {
    peer.bfdProfile = { value: name, line };
  }),
  of('maximum-prefix <count> [<more...>]', (peer, { count, more = '' }, at) => {
    const { family, line, differs } = at;
    peer.limits.set(family, { value: numberOf(count), line });
    const isRestarted = /\brestart \d+$/.test(more);
    set(peer, 'on-limit', more.includes('warning-only') ? 'warn' : isRestarted ? 'close' : 'stop', at);
    if (isRestarted) differs('evpnd waits a minute before the session comes back, doubling each time');
  }),
  of('capability extended-nexthop', (peer, _, { line }) => {
    peer.extendedNexthop = line;
  }),
  ...filters('route-map'),
  ...filters('prefix-list'),
  ...needless(
    ROUTER,
    'neighbor <peer> send-community [all|both|extended|standard|large]',
    'neighbor <peer> next-hop-self [force]',
    'neighbor <peer> disable-connected-check',
    'neighbor <peer> soft-reconfiguration inbound',
    'neighbor <peer> attribute-unchanged <words...>',
    'neighbor <peer> next-hop-unchanged',
    'neighbor <peer> aigp',
    'no neighbor <peer> send-community [all|both|extended|standard|large]',
  ),
  ...refused(
    ROUTER,
    'evpnd is a leaf, and passes no routes on',
    'neighbor <peer> route-reflector-client',
    'neighbor <peer> route-server-client',
    'neighbor <peer> default-originate [<words...>]',
    'neighbor <peer> as-override',
    'neighbor <peer> remove-private-AS [<words...>]',
  ),
];
