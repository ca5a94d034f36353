import { ConfigError, type Finding } from '../config/index.js';
import { parseConfig } from '../config/load.js';

type Mapping = Record<string, unknown>;
type Step = string | number;

/** Without these a neighbor, range, VNI, group or policy is none. */
const ESSENTIAL = new Set<Step>(['address', 'interface', 'prefix', 'remote-as', 'vni', 'name']);
const LISTS = new Set(['neighbors', 'listen-ranges', 'peer-groups', 'policies', 'vnis', 'rules']);
/** What goes may leave others without what they need: a peer group, then its neighbors; more is a fault of this file. */
const MOST_ROUNDS = 20;

/**
 * Removes what evpnd's loader does not take, value by value; `report` gets each fault before its value goes. Returns the faults
 * that are left: where there are some, no configuration came out.
 */
export function withoutFaults(
  content: Mapping,
  text: (content: Mapping) => string,
  report: (path: readonly Step[], finding: Finding) => void,
): readonly Finding[] {
  let findings: readonly Finding[] = [];
  for (let round = 0; round < MOST_ROUNDS; round++) {
    findings = faultsOf(content, text);
    const places = new Map(findings.map((finding) => [finding.path, finding]));
    const removed: (readonly Step[])[] = [];
    // From the end of each list on, so that the places of the others stay
    for (const [place, finding] of [...places].reverse()) {
      const path = stepsOf(place);
      const target = targetOf(content, path);
      // What stands there now is another item
      if (target === undefined || removed.some((gone) => isWithin(path, gone))) continue;
      report(path, finding);
      remove(content, target);
      removed.push(target);
    }
    if (removed.length === 0) break;
  }
  return findings;
}

function isWithin(path: readonly Step[], place: readonly Step[]): boolean {
  return place.every((step, i) => path[i] === step);
}

function faultsOf(content: Mapping, text: (content: Mapping) => string): readonly Finding[] {
  try {
    parseConfig(text(withoutKeys(content)), 'evpnd.yaml');
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.findings;
  }
}

/** Key files are made after the import, and are none of its faults. */
function withoutKeys(content: Mapping): Mapping {
  return JSON.parse(JSON.stringify(content, (key, value) => (key === 'password-file' ? undefined : value)));
}

/** `neighbors[1].remote-as` → neighbors, 1, remote-as. */
function stepsOf(place: string): Step[] {
  return [...place.matchAll(/[^.[\]]+|\[(\d+)\]/g)].map(([word, index]) =>
    index === undefined ? word : Number(index),
  );
}

/** What has to go for a fault at `path` to be none; undefined where it is the configuration as a whole. */
function targetOf(content: Mapping, path: readonly Step[]): readonly Step[] | undefined {
  const last = path[path.length - 1];
  if (path.length === 0 || last === undefined) return undefined;
  const list = path.findIndex((step) => typeof step === 'number');
  if (list < 0)
    return has(content, path) && !['asn', 'router-id', 'neighbors'].includes(String(last)) ? path : undefined;
  // Without one of its conditions a rule would match more, and without one of its rules a prefix list
  const condition = path.indexOf('match');
  if (path[0] === 'policies' && condition > 0) return path.slice(0, condition);
  const connected = path.indexOf('redistribute-connected');
  if (connected > 0) return path.slice(0, connected + 1);
  const routes = path.indexOf('redistribute-routes');
  if (routes > 0) {
    // Protocols whose list is gone would be all routes of theirs: they go first, and the list with the next round
    const protocols = [...path.slice(0, routes), 'redistribute-protocols'];
    return has(content, protocols) ? protocols : path.slice(0, routes + 1);
  }
  // A mapping of a list, of which the fault is a key
  const items = String(path[path.length - 3]);
  const isEssential = items === 'peer-groups' ? last === 'name' : ESSENTIAL.has(last) || !has(content, path);
  if (typeof last === 'string' && LISTS.has(items) && isEssential)
    return has(content, path.slice(0, -1)) ? path.slice(0, -1) : undefined;
  return has(content, path) ? path : undefined;
}

function has(content: Mapping, path: readonly Step[]): boolean {
  return valueAt(content, path) !== undefined;
}

function valueAt(content: unknown, path: readonly Step[]): unknown {
  return path.reduce<unknown>(
    (holder, step) =>
      typeof holder === 'object' && holder !== null ? (holder as Record<Step, unknown>)[step] : undefined,
    content,
  );
}

function remove(content: Mapping, path: readonly Step[]): void {
  const holder = valueAt(content, path.slice(0, -1));
  const last = path[path.length - 1];
  if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else if (typeof holder === 'object' && holder !== null && last !== undefined)
    delete (holder as Record<Step, unknown>)[last];
}
