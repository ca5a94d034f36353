import type { FamilyName } from '../config/index.js';
import type { Clause, Direction, Filter, ListEntry, MapEntry, Model } from './model.js';
import { numberOf } from './row.js';

type Mapping = Record<string, unknown>;

/** Says that nothing of a line was carried over, or what differs. */
export type Say = (line: number, kind: 'not-carried' | 'differs', text: string) => void;

interface Rule {
  readonly name: string;
  readonly match: Mapping;
  readonly action: 'accept' | 'reject' | 'next';
  readonly set: Mapping;
  readonly line: number;
}

/** A policy as the file has it, and the lines of the filters that it is made of. */
export interface Policy {
  readonly name: string;
  readonly content: Mapping;
  readonly line: number;
  /** The line of each rule of `content`. */
  readonly rules: ReadonlyMap<object, number>;
}

const EVERY_PREFIX = ['0.0.0.0/0 le 32', '::/0 le 128'];
const EVPN_TYPES: ReadonlyMap<string, number> = new Map(
  ['ead', 'macip', 'multicast', 'es', 'prefix'].flatMap((word, i) => [
    [word, i + 1],
    [`${i + 1}`, i + 1],
  ]),
);
/** Well-known ones (RFC 1997, RFC 7999, RFC 8326) by the names that FRR has for them. */
const COMMUNITIES: ReadonlyMap<string, string> = new Map([
  ['no-export', '65535:65281'],
  ['no-advertise', '65535:65282'],
  ['local-AS', '65535:65283'],
  ['blackhole', '65535:666'],
  ['graceful-shutdown', '65535:0'],
]);
const LONGEST_NAME = 64;

/** The rules of a prefix list, as evpnd writes them. */
export function prefixRules(entries: readonly ListEntry[]): string[] {
  return entries.map(({ permits, value }) => `${permits ? '' : 'deny '}${value}`);
}

/** What a rule matches and changes, of the clauses of a route-map's entry; undefined where the entry cannot be one. */
class RuleMaker {
  readonly match: Mapping = {};
  readonly set: Mapping = {};
  action: Rule['action'];
  isWhole = true;

  constructor(
    readonly model: Model,
    readonly entry: MapEntry,
    readonly say: Say,
  ) {
    this.action = entry.permits ? 'accept' : 'reject';
    for (const clause of entry.clauses) this.#read(clause);
  }

  #read({ words, line }: Clause): void {
    const [verb = '', ...rest] = words.split(' ');
    const subject = rest.join(' ');
    if (verb === 'match') {
      const why = this.#matches(subject);
      if (why === undefined) return;
      this.isWhole = false;
      this.say(line, 'not-carried', why);
    } else if (verb === 'set') {
      const why = this.#sets(subject);
      if (why !== undefined) this.say(line, 'not-carried', why);
    } else if (words === 'on-match next' || words === 'continue') {
      if (this.entry.permits) this.action = 'next';
      this.say(
        line,
        'differs',
        'later rules decide; where none does, the route is rejected, which FRR accepts',
      );
    } else this.say(line, 'not-carried', 'a rule of evpnd decides, or leaves it to the rules after it');
  }

  #list(kind: string, name: string | undefined): readonly ListEntry[] | undefined {
    return this.model.lists.get(`${kind} ${name}`);
  }

  #matches(subject: string): string | undefined {
    const [, version = '', prefixes] = /^(ip|ipv6) address prefix-list (\S+)$/.exec(subject) ?? [];
    if (prefixes !== undefined) {
      const entries = this.#list(`${version} prefix-list`, prefixes);
      if (entries === undefined) return `there is no prefix-list ${prefixes}; the whole entry is left out`;
      this.match.prefixes = prefixRules(entries);
      return undefined;
    }
    const [, type] = /^evpn route-type (\S+)$/.exec(subject) ?? [];
    if (type !== undefined) {
      const number = EVPN_TYPES.get(type);
      if (number === undefined) return `there is no EVPN route type ${type}`;
      this.match['route-types'] = [number];
      return undefined;
    }
    const [, vni] = /^evpn vni (\d+)$/.exec(subject) ?? [];
    if (vni !== undefined) {
      this.match.vnis = [Number(vni)];
      return undefined;
    }
    const [, community] = /^community (\S+)$/.exec(subject) ?? [];
    if (community !== undefined)
      return this.#ofList(
        'community-list',
        community,
        'communities',
        /^(\d+:\d+|no-export|no-advertise|local-AS|blackhole|graceful-shutdown)$/,
        (word) => COMMUNITIES.get(word) ?? word,
      );
    const [, large] = /^large-community (\S+)$/.exec(subject) ?? [];
    if (large !== undefined)
      return this.#ofList(
        'large-community-list',
        large,
        'large-communities',
        /^\d+:\d+:\d+$/,
        (word) => word,
      );
    const [, extended] = /^extcommunity (\S+)$/.exec(subject) ?? [];
    if (extended !== undefined)
      return this.#ofList('extcommunity-list', extended, 'route-targets', /^rt \S+:\d+$/, (word) =>
        word.slice('rt '.length),
      );
    const [, path] = /^as-path (\S+)$/.exec(subject) ?? [];
    if (path !== undefined)
      return this.#ofList('as-path', path, 'as-path', /^_\d+_$/, (word) => Number(word.slice(1, -1)));
    return 'a rule of evpnd has no such condition; the whole entry is left out';
  }

  /** A list that permits single values is a condition with several of them. */
  #ofList(
    kind: string,
    name: string,
    key: string,
    form: RegExp,
    value: (word: string) => unknown,
  ): string | undefined {
    const entries = this.#list(kind, name);
    if (entries === undefined) return `there is no ${kind} ${name}; the whole entry is left out`;
    if (!entries.every((each) => each.permits && form.test(each.value)))
      return `${kind} ${name} is more than single values that are permitted; the whole entry is left out`;
    this.match[key] = entries.map((each) => value(each.value));
    return undefined;
  }

  #sets(subject: string): string | undefined {
    const [key = '', ...values] = subject.split(' ');
    const number = numberOf(values[0]);
    if (key === 'local-preference' && !Number.isNaN(number)) this.set['local-preference'] = number;
    else if (key === 'metric' && !Number.isNaN(number)) this.set.med = number;
    else if (
      key === 'community' &&
      values.every((word) => /^(\d+:\d+|additive)$/.test(word) || COMMUNITIES.has(word))
    ) {
      const isAdded = values.includes('additive');
      this.set[isAdded ? 'add-communities' : 'communities'] = values
        .filter((word) => word !== 'additive')
        .map((word) => COMMUNITIES.get(word) ?? word);
    } else if (key === 'large-community' && values.every((word) => /^(\d+:\d+:\d+|additive)$/.test(word)))
      this.set[values.includes('additive') ? 'add-large-communities' : 'large-communities'] = values.filter(
        (word) => word !== 'additive',
      );
    else if (key === 'extcommunity' && values[0] === 'rt')
      this.set['add-route-targets'] = values.slice(1).filter((word) => word !== 'additive');
    else if (/^as-path prepend( \d+)+$/.test(subject)) this.set.prepend = values.slice(1).map(Number);
    else return 'a rule of evpnd cannot change that; the rest of the entry stands';
    return undefined;
  }
}

/** The rules of a route-map, without the last word on what none of them matches. */
function rulesOf(name: string, model: Model, say: Say): Rule[] {
  return (model.routeMaps.get(name) ?? []).flatMap((entry) => {
    const { match, set, action, isWhole } = new RuleMaker(model, entry, say);
    return isWhole
      ? {
          name: `${entry.permits ? 'permit' : 'deny'}-${entry.sequence}`,
          match,
          action,
          set,
          line: entry.line,
        }
      : [];
  });
}

/** Makes policies of the filters of neighbors; those that are the same are one. */
export class Policies {
  readonly made = new Map<string, Policy>();
  readonly usedMaps = new Set<string>();
  readonly usedLists = new Set<string>();
  readonly #rules = new Map<string, Rule[]>();

  constructor(
    readonly model: Model,
    readonly say: Say,
  ) {}

  /** The name of the policy of the filters that `of` finds in these families; undefined where there is none. */
  policyOf(
    families: readonly FamilyName[],
    direction: Direction,
    of: (family: FamilyName, kind: Filter['kind']) => Filter | undefined,
  ): string | undefined {
    const filtered = families.map((family) => ({
      family,
      map: this.#existing(of(family, 'route-map')),
      list: this.#existing(of(family, 'prefix-list')),
    }));
    const parts = filtered.filter(({ map, list }) => map !== undefined || list !== undefined);
    const [first] = parts;
    if (first === undefined) return undefined;
    const text = (part: (typeof parts)[number]) =>
      [part.list?.name, part.map?.name].filter(Boolean).join('+');
    const isAlike = filtered.every(
      (part) => text(part) === text(first) && part.map?.name === first.map?.name,
    );
    const long = isAlike ? text(first) : parts.map((part) => `${text(part)}.${part.family}`).join('+');
    const key = `${isAlike} ${filtered.map((part) => `${part.family}=${part.list?.name}/${part.map?.name}`).join(' ')}`;
    const known = this.made.get(isAlike ? `whole ${first.list?.name}/${first.map?.name}` : key);
    if (known !== undefined) return known.name;
    const taken = new Set([...this.made.values()].map(({ name }) => name));
    const name =
      long.length <= LONGEST_NAME && !taken.has(long) ? long : `policy-${direction}-${this.made.size + 1}`;
    const rules = isAlike
      ? this.#part(first.list, first.map, undefined)
      : parts.flatMap((part) => [
          ...this.#part(part.list, part.map, part.family),
          {
            name: `rest.${part.family}`,
            match: { families: [part.family] },
            action: 'reject' as const,
            set: {},
            line: (part.map ?? part.list)?.line ?? 0,
          },
        ]);
    const lines = new Map(rules.map((rule) => [ruleContent(rule), rule.line]));
    const content: Mapping = { name, rules: [...lines.keys()] };
    if (!isAlike && parts.length < filtered.length) content.otherwise = 'accept';
    this.made.set(isAlike ? `whole ${first.list?.name}/${first.map?.name}` : key, {
      name,
      content,
      line: (first.map ?? first.list)?.line ?? 0,
      rules: lines,
    });
    return name;
  }

  #existing(filter: Filter | undefined): Filter | undefined {
    if (filter === undefined) return undefined;
    const { kind, name, line } = filter;
    if (kind === 'route-map') {
      this.usedMaps.add(name);
      if (!this.model.routeMaps.has(name))
        this.say(line, 'differs', `there is no route-map ${name}: as in FRR, all is rejected`);
      return filter;
    }
    this.usedLists.add(prefixListOf(filter));
    if (this.model.lists.has(prefixListOf(filter))) return filter;
    this.say(line, 'not-carried', `there is no prefix-list ${name}, so that all is accepted`);
    return undefined;
  }

  #part(list: Filter | undefined, map: Filter | undefined, family: FamilyName | undefined): Rule[] {
    const entries = (list && this.model.lists.get(prefixListOf(list))) ?? [];
    const families = family === undefined ? {} : { families: [family] };
    const ofMap = (map === undefined ? [] : this.#ofMap(map.name)).map((rule) => ({
      ...rule,
      name: family === undefined ? rule.name : `${rule.name}.${family}`,
      match: { ...families, ...rule.match },
    }));
    if (list === undefined) return ofMap;
    const suffix = family === undefined ? '' : `.${family}`;
    if (map === undefined)
      return [
        {
          name: `${list.name}${suffix}`,
          match: { ...families, prefixes: prefixRules(entries) },
          action: 'accept',
          set: {},
          line: list.line,
        },
      ];
    // Both have to accept a route: what the list does not permit is rejected first
    const others = entries.map((entry) => ({ ...entry, permits: !entry.permits }));
    const prefixes = [...prefixRules(others), ...EVERY_PREFIX];
    return [
      {
        name: `not-${list.name}${suffix}`,
        match: { ...families, prefixes },
        action: 'reject',
        set: {},
        line: list.line,
      },
      ...ofMap,
    ];
  }

  #ofMap(name: string): Rule[] {
    // Of a route-map that several neighbors have, what is not carried over is said once
    const rules = this.#rules.get(name) ?? rulesOf(name, this.model, this.say);
    this.#rules.set(name, rules);
    return rules;
  }
}

/** The list that a neighbor's filter names, as the model has it. */
function prefixListOf({ family, name }: Filter): string {
  return `${family === 'ipv6-unicast' ? 'ipv6' : 'ip'} prefix-list ${name}`;
}

function ruleContent({ name, match, action, set }: Rule): Mapping {
  return {
    name: name.slice(0, LONGEST_NAME),
    ...(Object.keys(match).length > 0 && { match }),
    ...(action !== 'accept' && { action }),
    ...(Object.keys(set).length > 0 && action !== 'reject' && { set }),
  };
}

/** The prefix list of `redistribute connected route-map NAME`. */
export function connectedRules(name: string, isSix: boolean, model: Model, say: Say): string[] {
  const [all, hosts] = isSix ? ['::/0 le 128', '::/0 ge 128'] : ['0.0.0.0/0 le 32', '0.0.0.0/0 ge 32'];
  const entries = model.routeMaps.get(name) ?? [];
  return entries.flatMap((entry, index) => {
    let rules = [all];
    let isWhole = true;
    for (const { words, line } of entry.clauses) {
      const [, version, list] = /^match (ip|ipv6) address prefix-list (\S+)$/.exec(words) ?? [];
      const items = model.lists.get(`${version} prefix-list ${list}`);
      if (version !== undefined && (version === 'ipv6') !== isSix) {
        isWhole = false;
        say(
          line,
          'not-carried',
          `no route of ${isSix ? 'IPv6' : 'IPv4'} matches it, here as in FRR; the whole entry is left out`,
        );
      } else if (items !== undefined) {
        const isLast = index === entries.length - 1;
        if (items.some(({ permits }) => !permits) && !(entry.permits && isLast))
          say(line, 'differs', `what prefix-list ${list} denies is excluded, also from later entries`);
        rules = prefixRules(items);
      } else if (words === 'match interface lo') {
        say(line, 'differs', 'read as prefixes of full length, which addresses of the loopback device have');
        rules = [hosts];
      } else if (words.startsWith('match')) {
        isWhole = false;
        say(
          line,
          'not-carried',
          'what is redistributed is told by prefixes alone; the whole entry is left out',
        );
      } else say(line, 'not-carried', 'what is redistributed is not changed');
    }
    if (!isWhole) return [];
    if (entry.permits) return rules;
    return rules.filter((rule) => !rule.startsWith('deny ')).map((rule) => `deny ${rule}`);
  });
}
