/** What explain tells against what iproute2 shows of the leaf's kernel and what the spine has of the leaf's routes. */
import type { Fabric, FdbRow, Leaf, NeighborRow, Segment } from '../../../lab/index.js';
import type { Explain, Story } from '../../../src/api/index.js';
import { type FrrRoute, frrRoutes } from './frr-routes.js';

/** Kernel and wire at one time. */
export interface Truth {
  readonly fdb: readonly FdbRow[];
  readonly neighbors: readonly NeighborRow[];
  /** The leaf's own routes at the spine. */
  readonly wire: readonly FrrRoute[];
  /** Everybody's. */
  readonly spine: readonly FrrRoute[];
}

export async function truthOf(fabric: Fabric, node: string): Promise<Truth> {
  const { routerId } = fabric.leaf(node);
  const [fdb, neighbors, spine] = await Promise.all([
    fabric.bridgeFdb(node),
    fabric.neigh(node),
    frrRoutes(fabric, 'spine1'),
  ]);
  return { fdb, neighbors, spine, wire: spine.filter(({ rd }) => rd.startsWith(`${routerId}:`)) };
}

export const ZERO = '00:00:00:00:00:00';

/** A bridge that looks at no tags has copies of rows in VLANs, which nothing goes by; others have none but those. */
const vlanOf = ({ bridge, svi, vlan }: Segment) => (bridge === svi ? undefined : vlan);
const bridgeRowOf = ({ fdb }: Truth, segment: Segment, mac: string) =>
  fdb.find((row) => row.master === segment.bridge && row.mac === mac && row.vlan === vlanOf(segment));
/** Rows of a device of many VNIs name theirs. */
const isRowOf = ({ ifname, flags, src_vni: source }: FdbRow, { vxlan, vni }: Segment) =>
  ifname === vxlan && flags.includes('self') && (source ?? vni) === vni;
const vxlanRowOf = ({ fdb }: Truth, segment: Segment, mac: string) =>
  fdb.find((row) => row.mac === mac && isRowOf(row, segment));
const neighOf = ({ neighbors }: Truth, { svi }: Segment, ip: string) =>
  neighbors.find(({ dev, dst }) => dev === svi && dst === ip);
const isMarked = (row: FdbRow | undefined) => row?.flags.includes('extern_learn') === true;

/** What is wrong with the story, of a MAC and, where one was asked for, of an IP; nothing where all agrees. */
export function complaints(leaf: Leaf, told: Explain, truth: Truth): string[] {
  const segment = leaf.segments.find(({ vni }) => vni === told.vni);
  if (!segment) return [`${leaf.name} has no VNI ${told.vni}`];
  const about = new Complaints(`VNI ${told.vni} ${told.mac}${told.ip === null ? '' : ` ${told.ip}`}`);
  if (told.verdict.some((line) => line.includes('still to be looked at'))) about.add(told.verdict.join(' '));
  if (told.mac === ZERO) judgeFlooding(about, leaf, segment, told.entry, truth);
  else judgeMac(about, segment, told, truth);
  if (told.ip !== null && told.binding) judgeIp(about, segment, told.ip, told.binding, truth);
  return about.list;
}

class Complaints {
  readonly list: string[] = [];

  constructor(readonly subject: string) {}

  add(text: string): void {
    this.list.push(`${this.subject}: ${text}`);
  }

  same(what: string, found: unknown, told: unknown): void {
    if (JSON.stringify(found) !== JSON.stringify(told))
      this.add(`${what}: there is ${JSON.stringify(found)}, told is ${JSON.stringify(told)}`);
  }
}

const isOwn = ({ rule }: Story) => rule === 'an address of this leaf itself';
const isBlocked = ({ kernel }: Story) =>
  kernel.drifts.some(({ cause, resolvedAt }) => cause === 'blocked' && resolvedAt === null);

function judgeMac(about: Complaints, segment: Segment, { mac, entry }: Explain, truth: Truth): void {
  const { kernel, owner, vtep, device } = entry;
  const bridge = bridgeRowOf(truth, segment, mac);
  const vxlan = vxlanRowOf(truth, segment, mac);
  about.same('port', bridge?.ifname ?? null, kernel.bridge?.device ?? null);
  about.same(
    'mark of the bridge row',
    isMarked(bridge),
    kernel.bridge?.flags.includes('ext_learned') ?? false,
  );
  const permanent = kernel.bridge?.state.includes('permanent') ?? false;
  about.same('permanent', bridge?.state === 'permanent', permanent);
  about.same('VTEP of the row', vxlan?.dst ?? null, kernel.vxlan?.dst ?? null);
  about.same('mark of the vxlan row', isMarked(vxlan), kernel.vxlan?.flags.includes('ext_learned') ?? false);
  if (owner === 'remote' && !isBlocked(entry)) {
    about.same('port of a remote MAC', bridge?.ifname, segment.vxlan);
    about.same('VTEP of a remote MAC', vxlan?.dst, vtep);
    if (!isMarked(bridge) || !isMarked(vxlan)) about.add('is remote, and its rows are not ours');
  } else if (owner === 'remote') {
    // Of the two tables the one that nobody set a row in
    if (isMarked(bridge)) about.same('port of a remote MAC', bridge?.ifname, segment.vxlan);
    if (isMarked(vxlan)) about.same('VTEP of a remote MAC', vxlan?.dst, vtep);
  } else if (bridge?.ifname === segment.vxlan && isMarked(bridge)) about.add(`${owner}, and a row is left`);
  if (owner === 'local' && !isOwn(entry)) {
    about.same('port of a local MAC', bridge?.ifname, device);
    if (bridge?.state === 'permanent') about.add('is local by a permanent row');
  }
  about.same('fits', !isBlocked(entry), kernel.fits);
  judgeWire(about, segment, entry, truth, `[${mac}]`);
  const announced = truth.wire.some((route) => route.prefix.endsWith(`:[${mac}]`) && isOf(route, segment));
  about.same('announced', announced, owner === 'local' && !isOwn(entry));
}

const isOf = ({ vni }: FrrRoute, segment: Segment) => vni === String(segment.vni);

/** Our own routes of the address at the spine, with what they say of it. */
function judgeWire(about: Complaints, segment: Segment, story: Story, truth: Truth, part: string): void {
  const there = truth.wire.filter((route) => route.prefix.includes(part) && isOf(route, segment));
  about.same(
    'routes at the spine',
    there.map(({ prefix }) => prefix).sort(),
    story.advertised.map(({ key }) => key).sort(),
  );
  for (const { key, path } of story.advertised) {
    const route = there.find(({ prefix }) => prefix === key);
    if (!route) continue;
    const [, sequence, sticky] = /MM:(\d+)(, sticky)?/.exec(route.communities) ?? [];
    const mobility =
      sequence === undefined ? null : { sequence: Number(sequence), sticky: sticky !== undefined };
    about.same(`mobility of ${key}`, mobility, path.macMobility);
    about.same(`next hop of ${key}`, route.nextHop, path.nextHop);
    const has = (word: string) => path.extendedCommunities.some((each) => each.includes(word));
    about.same(`gateway of ${key}`, /Default Gateway/i.test(route.communities), has('default-gateway'));
    about.same(`router of ${key}`, /ND:Router/i.test(route.communities), has('router'));
    if (isOwn(story)) continue;
    about.same(`number of ${key}`, mobility?.sequence ?? 0, story.sticky ? 0 : story.sequence);
    about.same(`sticky of ${key}`, mobility?.sticky ?? false, story.sticky);
  }
}

function judgeIp(
  about: Complaints,
  segment: Segment,
  ip: string,
  { mac, story }: NonNullable<Explain['binding']>,
  truth: Truth,
): void {
  const row = neighOf(truth, segment, ip);
  const { kernel, owner } = story;
  about.same('MAC of the neighbor', row?.lladdr ?? null, kernel.neigh?.mac ?? null);
  about.same(
    'mark of the neighbor',
    row?.extern_learn === null,
    kernel.neigh?.flags.includes('ext_learned') ?? false,
  );
  const isOurs = row?.extern_learn === null && (row.protocol === 'bgp' || row.protocol === 'zebra');
  if (owner === 'remote' && !isBlocked(story)) {
    about.same('neighbor of a remote IP', row?.lladdr, mac);
    if (!isOurs) about.add('is remote, and its neighbor is not ours');
  } else if (isOurs) about.add(`${owner}, and a neighbor is left`);
  about.same('fits', !isBlocked(story), kernel.fits);
  judgeWire(about, segment, story, truth, `[${ip}]`);
  const announced = truth.wire.some((route) => route.prefix.endsWith(`:[${ip}]`) && isOf(route, segment));
  if (!isOwn(story)) about.same('announced', announced, owner === 'local');
}

/** Default destinations that nobody but an operator wrote count for nothing, and stand. */
function judgeFlooding(
  about: Complaints,
  leaf: Leaf,
  segment: Segment,
  { claims, kernel, advertised }: Story,
  truth: Truth,
): void {
  const found = truth.fdb
    .filter((row) => row.mac === ZERO && isRowOf(row, segment))
    .map(({ dst }) => dst)
    .sort();
  const won = claims.filter((claim) => claim.won).map((claim) => claim.vtep);
  const missing = won.filter((vtep) => !found.includes(vtep ?? undefined));
  if (missing.length > 0) about.add(`no default destination ${missing.join(', ')}`);
  for (const dst of found) if (!kernel.found.includes(`${dst} on`)) about.add(`${dst} is not told`);
  for (const { vtep, ignored } of claims)
    if (ignored !== null && won.includes(vtep) === false && kernel.wanted.includes(`${vtep} on`))
      about.add(`${vtep} is ignored and wanted`);
  about.same('fits', true, kernel.fits);
  const imet = `[3]:[0]:[32]:[${leaf.vtep}]`;
  const told = advertised.map(({ key }) => key);
  about.same(
    'Type-3 at the spine',
    truth.wire.some(({ prefix, pmsi }) => prefix === imet && pmsi?.label === segment.vni),
    told.includes(imet),
  );
}
