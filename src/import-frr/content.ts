import { isIP } from 'node:net';
import { type FamilyName, ONLY_WHO_CONNECTS } from '../config/index.js';
import type { BfdTimes, Direction, Filter, Model, Peer } from './model.js';
import { Origins } from './origins.js';
import { connectedRules, Policies, type Say } from './policies.js';
import { asNumber } from './row.js';
import { vrfSettings } from './vrfs.js';

type Mapping = Record<string, unknown>;

const FAMILIES: readonly FamilyName[] = ['l2vpn-evpn', 'ipv4-unicast', 'ipv6-unicast'];
const DIRECTIONS = { in: 'import-policy', out: 'export-policy' } as const;
/** FRR's without `frr defaults datacenter`, whose are evpnd's. */
const TRADITIONAL = { keepalive: 60, hold: 180 };
/** The first FRR that is known to refuse what does not begin with the neighbor's AS without being told to (10.3 does, 8.4 does not). */
const ENFORCES_FIRST_AS = 10;
/** evpnd's. */
const HOLD = 9;
const KEEPALIVE = 3;
/** Of which a neighbor has one. */
const SOURCES: readonly string[] = ['local-address', 'update-source'];
/** What passes several routers if it is said so. */
const SEVERAL_HOPS = 1;

/** Makes the content of a configuration file of what was read; `say` gets what is not in it. */
export class Content {
  readonly origins = new Origins();
  readonly #model: Model;
  readonly #say: Say;
  readonly #policies: Policies;

  constructor(model: Model, say: Say) {
    this.#model = model;
    this.#say = say;
    this.#policies = new Policies(model, say);
  }

  /** The whole content, in no order that counts. */
  make(): Mapping {
    const { asn, routerId, generalRouterId, peers, ranges } = this.#model;
    const root: Mapping = {};
    const put = (key: string, value: unknown, line = 0) => this.#put(root, key, value, line);
    put('asn', asNumber(asn?.value ?? ''), asn?.line);
    const id = routerId ?? generalRouterId;
    put('router-id', id?.value, id?.line);
    const all = [...peers.values()];
    const groups = all.filter(({ kind }) => kind === 'group');
    const neighbors = all.filter(({ kind }) => kind !== 'group').flatMap((peer) => this.#neighbor(peer));
    put('neighbors', neighbors);
    if (ranges.length > 0)
      put(
        'listen-ranges',
        ranges.flatMap((range) => this.#range(range)),
      );
    if (groups.length > 0)
      put(
        'peer-groups',
        groups.map((peer) => this.#group(peer)),
      );
    const policies = [...this.#policies.made.values()];
    for (const { content, line, rules } of policies) {
      this.origins.set(content, 'name', line);
      for (const [rule, its] of rules) this.origins.set(rule, 'name', its);
    }
    if (policies.length > 0)
      put(
        'policies',
        policies.map(({ content }) => content),
      );
    if (this.#model.alwaysComparesMed) put('bgp', { 'always-compare-med': true });
    put('evpn', this.#evpn());
    const hasUnicast = JSON.stringify([root.neighbors, root['peer-groups'], root['listen-ranges']]).includes(
      '-unicast"',
    );
    const underlay = this.#underlay(hasUnicast);
    if (underlay !== undefined) put('underlay', underlay);
    if (this.#model.drains) put('drain', true, this.#model.drains.line);
    this.#reportUnused();
    this.#reportDefaults();
    return root;
  }

  #put(holder: Mapping, key: string, value: unknown, line: number): void {
    if (value === undefined) return;
    holder[key] = value;
    this.origins.set(holder, key, line);
  }

  #groupOf(peer: Peer): Peer | undefined {
    return peer.group === undefined ? undefined : this.#model.peers.get(peer.group.value);
  }

  #neighbor(peer: Peer): Mapping[] {
    const item: Mapping = {};
    this.#put(item, peer.kind === 'address' ? 'address' : 'interface', peer.name, peer.line);
    const group = this.#groupOf(peer);
    if (peer.group !== undefined) this.#put(item, 'peer-group', peer.group.value, peer.group.line);
    this.#putSettings(item, peer);
    const families = this.#families(peer, peer.kind === 'address' ? isIP(peer.name) : 0);
    if (families.length === 0) {
      this.#say(peer.line, 'not-carried', 'no address family that evpnd speaks is active');
      return [];
    }
    const asked = peer.extendedNexthop ?? group?.extendedNexthop;
    if (asked !== undefined && peer.kind === 'address')
      this.#say(
        asked,
        'not-carried',
        'evpnd offers IPv6 next hops for IPv4 routes (RFC 8950) to neighbors by interface alone',
      );
    this.#putFamilies(item, peer, families);
    this.#putBfd(item, peer, group);
    this.#putPolicies(item, peer, group, families);
    return [item];
  }

  #group(peer: Peer): Mapping {
    const item: Mapping = {};
    this.#put(item, 'name', peer.name, peer.line);
    this.#putSettings(item, peer);
    const families = this.#families(peer, 0);
    if (families.length > 0) this.#putFamilies(item, peer, families);
    this.#putBfd(item, peer, undefined);
    this.#putPolicies(item, peer, undefined, families);
    return item;
  }

  #range({ prefix, group: name, line }: Model['ranges'][number]): Mapping[] {
    const group = this.#model.peers.get(name);
    if (group?.kind !== 'group') {
      this.#say(line, 'not-carried', `there is no peer group ${name}`);
      return [];
    }
    const item: Mapping = {};
    this.#put(item, 'prefix', prefix, line);
    this.#put(item, 'peer-group', name, line);
    const limit = this.#model.listenLimit;
    if (limit !== undefined) this.#put(item, 'limit', limit.value, limit.line);
    const families = this.#families(group, prefix.includes(':') ? 6 : 4);
    if (`${families}` !== `${this.#families(group, 0)}`) this.#put(item, 'families', families, line);
    return [item];
  }

  /** A listen range takes no group with settings of who connects: those stand at each neighbor of the group. */
  #settingsOf(peer: Peer): Peer['settings'] {
    const isAccepting = (name: string) => this.#model.ranges.some(({ group }) => group === name);
    const isOfConnecting = ([key]: readonly [string, unknown]) => ONLY_WHO_CONNECTS.includes(key);
    if (peer.kind === 'group') {
      if (!isAccepting(peer.name)) return peer.settings;
      const members = [...this.#model.peers.values()].filter(({ group }) => group?.value === peer.name);
      const all = [...peer.settings];
      if (members.length === 0)
        for (const [, { line }] of all.filter(isOfConnecting))
          this.#say(line, 'not-carried', 'neighbors of a listen range are those who connect');
      return new Map(all.filter((each) => !isOfConnecting(each)));
    }
    const group = this.#groupOf(peer);
    if (group === undefined || !isAccepting(group.name)) return peer.settings;
    const isSourced = SOURCES.some((key) => peer.settings.has(key));
    const inherited = [...group.settings].filter(isOfConnecting);
    return new Map([...inherited.filter(([key]) => !isSourced || !SOURCES.includes(key)), ...peer.settings]);
  }

  #putSettings(item: Mapping, peer: Peer): void {
    for (const [key, { value, line }] of this.#settingsOf(peer))
      if (key !== 'keepalive-time') this.#put(item, key, value, line);
    const own = peer.settings.get('hold-time');
    if (own !== undefined)
      this.#putKeepalive(
        item,
        Number(peer.settings.get('keepalive-time')?.value),
        Number(own.value),
        own.line,
      );
    else if (peer.group === undefined) {
      const { profile, timers, asn } = this.#model;
      const times = timers?.value ?? (profile === 'traditional' ? TRADITIONAL : undefined);
      if (times !== undefined && (times.hold !== HOLD || times.keepalive !== KEEPALIVE)) {
        const line = timers?.line ?? asn?.line ?? 0;
        this.#put(item, 'hold-time', times.hold, line);
        this.#putKeepalive(item, times.keepalive, times.hold, line);
      }
    }
    const first = this.#model.enforcesFirstAs;
    if (first !== undefined && peer.group === undefined && !peer.settings.has('enforce-first-as'))
      this.#put(item, 'enforce-first-as', first.value, first.line);
    if (peer.group === undefined)
      for (const [setting, { value, line }] of this.#model.ofAll) this.#put(item, setting, value, line);
    if (peer.limits.size > 0) {
      const limits: Mapping = {};
      for (const [family, { value, line }] of peer.limits) this.#put(limits, family, value, line);
      this.#put(item, 'max-family-routes', limits, peer.line);
    }
  }

  #putKeepalive(item: Mapping, keepalive: number, hold: number, line: number): void {
    if (!(hold > 0)) return;
    // FRR takes a third of the hold time where that is less
    const time = Math.min(keepalive, Math.floor(hold / 3));
    if (time > 0 && time !== Math.min(KEEPALIVE, Math.floor(hold / 3)))
      this.#put(item, 'keepalive-time', time, line);
  }

  /** `version` is that of the neighbor's address, 0 where it has none or several. */
  #families(peer: Peer, version: number): FamilyName[] {
    const group = this.#groupOf(peer);
    const other = version === 4 ? 'ipv6-unicast' : version === 6 ? 'ipv4-unicast' : undefined;
    return FAMILIES.filter((family) => {
      const said = peer.active.get(family) ?? group?.active.get(family);
      if (!(said?.value ?? this.#model.defaultFamilies.has(family))) return false;
      if (family !== other) return true;
      if (said !== undefined && peer.kind !== 'group')
        this.#say(
          said.line,
          'not-carried',
          `evpnd speaks ${family} with neighbors of that family, or by interface`,
        );
      return false;
    });
  }

  #putFamilies(item: Mapping, peer: Peer, families: readonly FamilyName[]): void {
    const group = this.#groupOf(peer);
    const ofGroup = group === undefined ? [] : this.#families(group, 0);
    const inherited = ofGroup.length > 0 ? ofGroup : ['l2vpn-evpn'];
    if (`${families}` === `${inherited}`) return;
    const [said] = families.map((family) => peer.active.get(family)).filter((each) => each !== undefined);
    this.#put(item, 'families', families, said?.line ?? peer.line);
  }

  #putBfd(item: Mapping, peer: Peer, group: Peer | undefined): void {
    const own = this.#bfdOf(peer);
    const ofGroup = group === undefined ? undefined : this.#bfdOf(group);
    const times = own ?? ofGroup;
    if (times === undefined) return;
    const multihop = peer.kind !== 'interface' && isFar(peer, group);
    if (own === undefined && (group === undefined || multihop === isFar(group, undefined))) return;
    const value = {
      ...(times.interval !== undefined && { interval: times.interval }),
      ...(times.multiplier !== undefined && { multiplier: times.multiplier }),
      ...(multihop && { multihop }),
    };
    const line = (peer.bfd ?? peer.bfdProfile ?? group?.bfd ?? group?.bfdProfile)?.line ?? peer.line;
    this.#put(item, 'bfd', Object.keys(value).length > 0 ? value : true, line);
    const remote = (peer.settings.get('remote-as') ?? group?.settings.get('remote-as'))?.value;
    const isInternal = remote === 'internal' || remote === asNumber(this.#model.asn?.value ?? '');
    if (isInternal && !multihop && peer.kind !== 'interface')
      this.#say(
        line,
        'differs',
        'BFD with neighbors on the same link; write multihop: true where routers are between',
      );
  }

  #bfdOf({ bfd, bfdProfile }: Peer): BfdTimes | undefined {
    if (bfdProfile === undefined) return bfd?.value;
    const profile = this.#model.bfdProfiles.get(bfdProfile.value);
    if (profile === undefined)
      this.#say(bfdProfile.line, 'differs', `there is no profile ${bfdProfile.value}; with evpnd's times`);
    return { ...profile, ...bfd?.value };
  }

  #putPolicies(item: Mapping, peer: Peer, group: Peer | undefined, families: readonly FamilyName[]): void {
    for (const [direction, key] of Object.entries(DIRECTIONS) as [Direction, string][]) {
      const find = (of: Peer | undefined) => (family: FamilyName, kind: Filter['kind']) =>
        of?.filters.find(
          (each) => each.family === family && each.kind === kind && each.direction === direction,
        );
      const effective = (family: FamilyName, kind: Filter['kind']) =>
        find(peer)(family, kind) ?? find(group)(family, kind);
      const name = this.#policies.policyOf(families, direction, effective);
      const inherited =
        group === undefined
          ? undefined
          : this.#policies.policyOf(this.#families(group, 0), direction, find(group));
      if (name === undefined || name === inherited) continue;
      const [filter] = [...peer.filters, ...(group?.filters ?? [])].filter(
        (each) => each.direction === direction,
      );
      this.#put(item, key, name, filter?.line ?? peer.line);
    }
  }

  #evpn(): Mapping {
    const { evpn, vnis, servesAllVnis, asn } = this.#model;
    const content: Mapping = {};
    this.#put(
      content,
      'advertise-all-vni',
      servesAllVnis !== undefined,
      servesAllVnis?.line ?? asn?.line ?? 0,
    );
    if (servesAllVnis === undefined)
      this.#say(
        asn?.line ?? 0,
        'differs',
        'without advertise-all-vni no VNI is served (evpn.advertise-all-vni: false)',
      );
    for (const [key, { value, line }] of evpn) {
      const [section = '', inner] = key.split('.');
      if (inner === undefined) this.#put(content, key, value, line);
      else {
        content[section] ??= {};
        this.#put(content[section] as Mapping, inner, value, line);
      }
    }
    const items = [...vnis.values()].map((block) => {
      const item: Mapping = {};
      this.#put(item, 'vni', block.vni, block.line);
      if (servesAllVnis === undefined) this.#put(item, 'advertise', false, block.line);
      for (const [key, { value, line }] of block.settings) this.#put(item, key, value, line);
      return item;
    });
    if (items.length > 0) content.vnis = items;
    const vrfs = this.#vrfs();
    if (vrfs.length > 0) content.vrfs = vrfs;
    return content;
  }

  /** Those that have an L3VNI, or settings of their own. */
  #vrfs(): Mapping[] {
    const items = new Map<string, Mapping>();
    const itemOf = (name: string, line: number) => {
      const item = items.get(name) ?? {};
      if (!items.has(name)) this.#put(item, 'name', name, line);
      items.set(name, item);
      return item;
    };
    for (const { value, line } of this.#model.routedVnis)
      this.#put(itemOf(value.vrf, line), 'l3vni', value.vni, line);
    for (const vrf of this.#model.vrfs.values())
      for (const [key, value, line] of vrfSettings(vrf, this.#model, this.#policies.usedMaps, this.#say))
        this.#put(itemOf(vrf.name, vrf.line), key, value, line);
    return [...items.values()];
  }

  #underlay(hasUnicast: boolean): Mapping | undefined {
    const { networks, redistributions, underlay, relaxesMultipath, asn } = this.#model;
    const lines = [...networks, ...redistributions, ...underlay.values()].map(({ line }) => line);
    if (!hasUnicast) {
      for (const line of lines) this.#say(line, 'not-carried', 'no neighbor has a unicast family');
      return undefined;
    }
    const content: Mapping = {};
    this.#put(content, 'enabled', true, asn?.line ?? 0);
    if (networks.length > 0) {
      const each = new Map(networks.map(({ value, line }) => [value, line]));
      this.#put(content, 'networks', [...each.keys()], networks[0]?.line ?? 0);
      networks.forEach(({ line }, i) => {
        this.origins.set(content.networks as object, i, line);
      });
    }
    const rules = redistributions.flatMap(({ family, routeMap, line }) => {
      const isSix = family === 'ipv6-unicast';
      if (routeMap === undefined) return [isSix ? '::/0 le 128' : '0.0.0.0/0 le 32'];
      this.#policies.usedMaps.add(routeMap);
      if (!this.#model.routeMaps.has(routeMap))
        this.#say(line, 'differs', `there is no route-map ${routeMap}: as in FRR, nothing is announced`);
      return connectedRules(routeMap, isSix, this.#model, this.#say);
    });
    if (redistributions.length > 0)
      this.#put(content, 'redistribute-connected', rules, redistributions[0]?.line ?? 0);
    for (const [key, { value, line }] of underlay) this.#put(content, key, value, line);
    if (relaxesMultipath === undefined) this.#put(content, 'multipath-relax', false, asn?.line ?? 0);
    return content;
  }

  /** Route-maps and lists that nothing of the result uses. */
  #reportUnused(): void {
    const { routeMaps, lists } = this.#model;
    const { usedMaps, usedLists } = this.#policies;
    const why = 'nothing that was carried over uses it';
    for (const [name, entries] of routeMaps)
      for (const { line, clauses } of entries)
        if (!usedMaps.has(name))
          for (const each of [{ line }, ...clauses]) this.#say(each.line, 'not-carried', why);
        else for (const { words } of clauses) usedLists.add(listOf(words));
    for (const [key, entries] of lists)
      if (!usedLists.has(key)) for (const { line } of entries) this.#say(line, 'not-carried', why);
  }

  /** What FRR does without being told to, and evpnd does not. */
  #reportDefaults(): void {
    const { asn, timers, version, profile, hasNoPolicyRule, enforcesFirstAs, peers } = this.#model;
    const line = asn?.line ?? 0;
    if (
      profile === undefined &&
      timers === undefined &&
      [...peers.values()].some((peer) => !peer.settings.has('hold-time'))
    )
      this.#say(
        line,
        'differs',
        'without `frr defaults` and `timers bgp` the hold time is that of evpnd, 9 s; FRR has 180 s, or 9 s where it was built for data centers',
      );
    const isExternal = ({ settings }: Peer) => {
      const as = settings.get('remote-as')?.value;
      return as !== undefined && as !== 'internal' && as !== asNumber(asn?.value ?? '');
    };
    const isExternalOne = [...peers.values()].some(isExternal);
    const [major] = (version ?? '').split('.');
    if (
      Number(major) > 0 &&
      Number(major) < ENFORCES_FIRST_AS &&
      isExternalOne &&
      enforcesFirstAs === undefined
    )
      this.#say(
        line,
        'differs',
        `evpnd refuses routes of an external neighbor whose AS_PATH does not begin with its AS, which FRR ${version} takes: for a route server write enforce-first-as: false`,
      );
    if (!hasNoPolicyRule && profile !== 'datacenter' && isExternalOne)
      this.#say(
        line,
        'differs',
        'evpnd takes and sends all routes where a neighbor has no policy; FRR, unless it is an old one, exchanges none with external neighbors without `no bgp ebgp-requires-policy`',
      );
  }
}

/** True where a neighbor is said to be behind routers. */
function isFar(peer: Peer, group: Peer | undefined): boolean {
  const setting = (key: string) => (peer.settings.get(key) ?? group?.settings.get(key))?.value;
  return (
    Number(setting('ebgp-multihop') ?? 0) > SEVERAL_HOPS ||
    setting('update-source') !== undefined ||
    setting('local-address') !== undefined
  );
}

/** The list that a condition names, as the model has it. */
function listOf(words: string): string {
  const name = words.split(' ').at(-1);
  if (words.includes('prefix-list ')) return `${words.split(' ')[1]} prefix-list ${name}`;
  if (words.startsWith('match community ')) return `community-list ${name}`;
  if (words.startsWith('match large-community ')) return `large-community-list ${name}`;
  if (words.startsWith('match extcommunity ')) return `extcommunity-list ${name}`;
  return `as-path ${name}`;
}
