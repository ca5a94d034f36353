import { importFrr } from '../../../src/import-frr/index.js';
import { PLACES, type PlaceName, STATEMENTS, type Statement, statementOf } from './frr-statements.js';

/** What is there before the statement: a neighbor, a peer group, and the lists that statements name. */
const HEAD = [
  'frr defaults datacenter',
  'ip prefix-list loopbacks seq 5 permit 10.0.0.0/24 ge 32',
  'route-map tenants permit 10',
  ' match evpn vni 10010',
  'bfd',
  ' profile fast',
  '  transmit-interval 150',
  '  receive-interval 150',
  'router bgp 65001',
  ' bgp router-id 10.0.0.1',
  ' no bgp default ipv4-unicast',
  ' neighbor leaves peer-group',
  ' neighbor leaves remote-as external',
  ' neighbor 10.1.1.0 remote-as 65000',
  ' bgp listen range 10.1.0.0/16 peer-group leaves',
];
const TAIL = [
  ' address-family ipv4 unicast',
  '  neighbor 10.1.1.0 activate',
  ' exit-address-family',
  ' address-family l2vpn evpn',
  '  advertise-all-vni',
  '  neighbor 10.1.1.0 activate',
  '  neighbor leaves activate',
];

/** A file of FRR's with one statement in its place. */
function fileWith(place: PlaceName, statement: string): string {
  const { before } = PLACES[place];
  // The end of a block ends those in it
  const lines =
    before.length === 0 ? [` ${statement}`] : [...before, `   ${statement}`, ' exit-address-family'];
  const byInterface = /^neighbor swp1 interface .*remote-as/.test(statement)
    ? ['  neighbor swp1 activate']
    : [];
  return [...HEAD, ...lines, ...TAIL, ...byInterface].join('\n');
}

/** A file of FRR's with all statements, each in its place, and the lines that have them. */
export function fileOfAll(): string {
  return [
    ...HEAD,
    ...(Object.keys(PLACES) as PlaceName[]).flatMap((place) => {
      const { before } = PLACES[place];
      const end = place === 'vni' ? ['  exit-vni', ' exit-address-family'] : [' exit-address-family'];
      const statements = STATEMENTS[place].map((each) => `   ${statementOf(each)}`);
      // Some begin a block of their own
      return before.length > 0
        ? [...before, ...statements, ...end]
        : statements.flatMap((statement) => ['router bgp 65001', statement]);
    }),
    '',
  ].join('\n');
}

type Tree = Readonly<Record<string, unknown>>;

/** Settings of a configuration, each as one line of text. */
function settingsOf(value: unknown, path: string): string[] {
  if (Array.isArray(value) && value.some((item) => typeof item === 'object'))
    return value.flatMap((item) => settingsOf(item, `${path}[]`));
  if (value !== null && typeof value === 'object' && !Array.isArray(value))
    return Object.entries(value).flatMap(([key, item]) =>
      settingsOf(item, path === '' ? key : `${path}.${key}`),
    );
  return [`${path}: ${Array.isArray(value) ? `[${value.join(', ')}]` : value}`];
}

const BASE = new Set(settingsOf(importFrr([...HEAD, ...TAIL].join('\n')).content, ''));

/** What a statement alone changes. What stands at the neighbors need not be shown at the peer groups too. */
function changesOf(content: Tree): string[] {
  const changed = settingsOf(content, '').filter(
    (setting) => !BASE.has(setting) && setting !== 'evpn.vnis[].vni: 10010',
  );
  const neighbors = new Set(changed.filter((setting) => setting.startsWith('neighbors[]')));
  const isShared = (setting: string) => /^(peer-groups|listen-ranges)/.test(setting);
  const own = changed.filter(
    (setting) =>
      !isShared(setting) ||
      !neighbors.has(setting.replace(/^(peer-groups|listen-ranges)\[\]/, 'neighbors[]')),
  );
  const policies = own.some((setting) => setting.startsWith('policies[]')) ? ['policies[]'] : [];
  return [...own.filter((setting) => !setting.startsWith('policies[]')), ...policies];
}

/** What evpnd has of a statement, as a cell of the table. @throws Error where the importer does otherwise than the table says. */
function cell(place: PlaceName, each: Statement): string {
  const statement = statementOf(each);
  const { content, notes, failure } = importFrr(fileWith(place, statement));
  if (content === undefined) throw new Error(`${statement}: ${failure}`);
  const own = notes.filter((note) => note.statement.endsWith(statement.replace(/ secret$/, ' …')));
  const changes = changesOf(content);
  if (typeof each !== 'string' && 'is' in each) {
    if (!settingsOf(content, '').includes(each.is)) throw new Error(`${statement} is not ${each.is}`);
    return `\`${each.is}\``;
  }
  if (typeof each !== 'string' && changes.length > 0)
    throw new Error(`${statement} is ${changes.join(', ')}`);
  if (typeof each !== 'string')
    return 'needless' in each ? `not needed: ${each.needless}` : `not supported: ${each.lacks}`;
  const refused = own.find(({ kind }) => kind === 'not-carried');
  if (refused !== undefined) return `not supported: ${refused.text}`;
  if (changes.length === 0 && own.length === 0) return 'not needed';
  return [changes.map((setting) => `\`${setting}\``).join(', '), ...own.map(({ text }) => text)]
    .filter(Boolean)
    .join('; ');
}

/** The table of docs/manual/from-frr.md. */
export function statementReference(): string {
  return (Object.keys(PLACES) as PlaceName[])
    .map((place) =>
      [
        `### ${PLACES[place].title}`,
        '',
        '| FRR | evpnd |',
        '|---|---|',
        ...STATEMENTS[place].map((each) => `| \`${statementOf(each)}\` | ${cell(place, each)} |`),
      ].join('\n'),
    )
    .join('\n\n');
}
