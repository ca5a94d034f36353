import { ExportPolicy, ImportPolicy, type PolicyRule, type RoutePolicy } from './bgp/index.js';
import type { Config } from './config/index.js';
import { familiesOf } from './families.js';
import type { RouteTarget } from './types/index.js';
import { type AttributeChanges, GRACEFUL_SHUTDOWN } from './wire/index.js';

type PolicyConfig = Config['policies'][number];
/** What a drained leaf's routes have beside what policies make of them (RFC 8326 §4.1). */
const DRAINED: AttributeChanges = { addCommunities: [GRACEFUL_SHUTDOWN], localPreference: 0 };

type Wanted = Pick<Config['neighbors'][number], 'importPolicy' | 'exportPolicy' | 'siteOfOrigin'>;

/** What becomes of routes where there is no policy. */
const EVERYTHING: RoutePolicy = { name: '', rules: [], otherwise: 'accept' };

/**
 * The policies of a configuration, as the speaker has them. What is the same as in the last configuration is the same object:
 * it is by that that a session knows whether to ask for routes again, and that neighbors have the same attributes.
 */
let known = new Map<string, unknown>();

/** Returns what gives each neighbor its policies. */
export function policiesOf({ policies, drain }: Pick<Config, 'policies' | 'drain'>): (wanted: Wanted) => {
  readonly importPolicy: ImportPolicy | undefined;
  readonly exportPolicy: ExportPolicy | undefined;
} {
  const before = known;
  const now = new Map<string, unknown>();
  known = now;
  const once = <Value>(key: string, make: () => Value): Value => {
    const value = (now.get(key) ?? before.get(key) ?? make()) as Value;
    now.set(key, value);
    return value;
  };
  const byName = new Map<string, readonly [RoutePolicy, string]>();
  for (const policy of policies) {
    const text = JSON.stringify(policy, (_, value) => (typeof value === 'bigint' ? `${value}n` : value));
    byName.set(policy.name, [once(text, () => policyOf(policy)), text]);
  }
  return ({ importPolicy, exportPolicy, siteOfOrigin }) => {
    const site = siteOfOrigin && siteCommunity(siteOfOrigin);
    const find = (name: string | undefined, isNeeded: boolean) =>
      (name === undefined ? undefined : byName.get(name)) ??
      (isNeeded ? ([EVERYTHING, ''] as const) : undefined);
    const taken = find(importPolicy, site !== undefined);
    const sent = find(exportPolicy, site !== undefined || drain);
    return {
      importPolicy: taken && once(`import ${site} ${taken[1]}`, () => new ImportPolicy(taken[0], site)),
      exportPolicy:
        sent &&
        once(
          `export ${site} ${drain} ${sent[1]}`,
          () => new ExportPolicy(sent[0], site, drain ? DRAINED : undefined),
        ),
    };
  };
}

/** The community of the site that a route target's text names (RFC 4360 §5): its subtype is 3. */
function siteCommunity(target: RouteTarget): bigint {
  return target + (1n << 48n);
}

function policyOf({ name, rules, otherwise }: PolicyConfig): RoutePolicy {
  return { name, otherwise, rules: rules.map(ruleOf) };
}

function ruleOf({ name, match, action, set }: PolicyConfig['rules'][number]): PolicyRule {
  const { addRouteTargets, ...same } = set;
  const changes: AttributeChanges = { ...same, addExtendedCommunities: addRouteTargets };
  const wanted = Object.entries(changes).filter(([, value]) => value !== undefined);
  return {
    name,
    action,
    match: { ...match, families: match.families && familiesOf(match.families) },
    set: Object.fromEntries(wanted),
  };
}
