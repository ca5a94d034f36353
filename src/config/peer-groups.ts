import type { Values } from './config.js';
import { quoteValue } from './finding.js';
import { closest } from './hint.js';
import { formatPath, type Path } from './path.js';
import { camelCase, type Rows } from './setting.js';
import { INHERITED_KEYS, LISTEN_RANGE, NEIGHBOR, ONLY_WHO_CONNECTS } from './settings-neighbor.js';
import type { Origins, Report } from './source.js';
import { insteadOf } from './unsupported.js';

/**
 * Peer groups: a neighbor has the settings of its group where it has none of its own, and a group those of the group that it
 * names. They are put into the neighbors before the schema looks at these, so that whatever is true of a neighbor's setting
 * (allowed values, defaults, what must be there) is so wherever it stands.
 */

type Mapping = Record<string, unknown>;

interface RawGroup {
  readonly place: Path;
  readonly settings: Mapping;
}

/** The lists whose items may name a peer group, and the settings of each. */
const MEMBERS = { neighbors: NEIGHBOR, 'listen-ranges': LISTEN_RANGE } as const;
const LISTS = Object.keys(MEMBERS) as readonly (keyof typeof MEMBERS)[];

/**
 * Puts into the neighbors of a file what they have of their peer groups, and returns where that stands. `content` is what the
 * file has, of any shape, and is changed. A neighbor whose group is none gets what it must have, for only the group is at fault.
 */
export function inheritFromPeerGroups(content: unknown): Origins {
  const origins = new Map<string, Path>();
  if (!isMapping(content)) return origins;
  const groups = groupsOf(content['peer-groups']);
  for (const list of LISTS)
    for (const [index, member] of mappingsOf(content[list])) {
      const name = member['peer-group'];
      if (name === undefined) continue;
      const { chain, isWhole } = ancestry(name, groups);
      for (const { place, settings } of chain)
        for (const key of INHERITED_KEYS[list]) {
          if (Object.hasOwn(member, key) || !Object.hasOwn(settings, key)) continue;
          member[key] = settings[key];
          origins.set(formatPath([list, index, key]), [...place, key]);
        }
      if (!isWhole) complete(member, list, index);
    }
  return origins;
}

/** Reports names that no peer group has, groups that inherit from themselves, and names given twice. */
export function checkPeerGroups(
  { peerGroups, neighbors, listenRanges }: Pick<Values, 'peerGroups' | 'neighbors' | 'listenRanges'>,
  report: Report,
): void {
  const parents = new Map<string, string | undefined>();
  peerGroups.forEach(({ name, peerGroup }, i) => {
    if (parents.has(name))
      report(['peer-groups', i, 'name'], {
        found: `${quoteValue(name)} a second time`,
        allowed: 'one peer group for a name',
      });
    else parents.set(name, peerGroup);
  });
  const names = [...parents.keys()];
  const checkName = (name: string | undefined, place: Path) => {
    if (name === undefined || parents.has(name)) return;
    report(place, {
      found: quoteValue(name),
      allowed: names.length === 0 ? 'nothing: there are no peer-groups' : names.join(', '),
      didYouMean: closest(name, names),
    });
  };
  neighbors.forEach(({ peerGroup }, i) => {
    checkName(peerGroup, ['neighbors', i, 'peer-group']);
  });
  listenRanges.forEach(({ peerGroup }, i) => {
    checkName(peerGroup, ['listen-ranges', i, 'peer-group']);
  });
  peerGroups.forEach(({ name, peerGroup }, i) => {
    const place = ['peer-groups', i, 'peer-group'];
    checkName(peerGroup, place);
    const cycle = cycleFrom(name, parents);
    if (cycle !== undefined)
      report(place, {
        found: `a cycle: ${cycle.join(' inherits from ')}`,
        allowed: `a peer group that does not inherit from ${name}`,
      });
  });
  checkGroupsOfRanges(peerGroups, listenRanges, report);
}

/** Reports the settings of who connects in groups that listen ranges have: there they would count for nothing. */
function checkGroupsOfRanges(
  peerGroups: Values['peerGroups'],
  listenRanges: Values['listenRanges'],
  report: Report,
): void {
  // Of a group that several ranges have the first is named
  const ranges = new Map<number, number>();
  listenRanges.forEach(({ peerGroup }, range) => {
    for (let next = peerGroup; next !== undefined; ) {
      const index = peerGroups.findIndex(({ name }) => name === next);
      if (index < 0 || ranges.has(index)) return;
      ranges.set(index, range);
      next = peerGroups[index].peerGroup;
    }
  });
  for (const [index, range] of ranges) {
    const group: Readonly<Record<string, unknown>> = { ...peerGroups[index] };
    for (const key of ONLY_WHO_CONNECTS)
      if (group[camelCase(key)] !== undefined)
        report(['peer-groups', index, key], {
          found: `${key} in a group of listen-ranges[${range}]`,
          allowed: `${insteadOf('listen-ranges[]', key) ?? 'nothing'}; a group of neighbors alone may inherit from this one and have it`,
        });
  }
}

/** The names from this one to itself again; undefined where it does not inherit from itself. */
function cycleFrom(
  name: string,
  parents: ReadonlyMap<string, string | undefined>,
): readonly string[] | undefined {
  const names = [name];
  for (let next = parents.get(name); next !== undefined; next = parents.get(next)) {
    if (next === name) return [...names, name];
    if (names.includes(next)) return undefined;
    names.push(next);
  }
  return undefined;
}

function groupsOf(list: unknown): ReadonlyMap<unknown, RawGroup> {
  const groups = new Map<unknown, RawGroup>();
  for (const [index, settings] of mappingsOf(list))
    if (!groups.has(settings.name)) groups.set(settings.name, { place: ['peer-groups', index], settings });
  return groups;
}

/** The group of this name and those that it inherits from, the nearest first; not whole where one is missing or comes again. */
function ancestry(
  name: unknown,
  groups: ReadonlyMap<unknown, RawGroup>,
): { readonly chain: readonly RawGroup[]; readonly isWhole: boolean } {
  const chain: RawGroup[] = [];
  for (let next = name; next !== undefined; ) {
    const group = groups.get(next);
    if (group === undefined || chain.includes(group)) return { chain, isWhole: false };
    chain.push(group);
    next = group.settings['peer-group'];
  }
  return { chain, isWhole: true };
}

function complete(member: Mapping, list: keyof typeof MEMBERS, index: number): void {
  const rows: Rows = MEMBERS[list];
  for (const key of INHERITED_KEYS[list]) {
    const row = rows[key];
    if (row.kind === 'setting' && row.isRequired && !Object.hasOwn(member, key))
      member[key] = row.standIn?.(index);
  }
}

function mappingsOf(list: unknown): readonly (readonly [number, Mapping])[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((item, i) => (isMapping(item) ? [[i, item] as const] : []));
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
