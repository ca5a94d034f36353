import { readFileSync } from 'node:fs';
import test from 'ava';
import { EMPTY_TOPOLOGY, Ntf, Nud, type Operation, type Topology } from '../../src/dataplane/index.js';
import { macDifference } from '../../src/dataplane/kernel-tables/mac-difference.js';
import { neighDifference } from '../../src/dataplane/kernel-tables/neigh-table.js';
import {
  hasOurMark,
  isLocalNeigh,
  isLocalRow,
  isOurNeigh,
  isSetByHand,
} from '../../src/dataplane/ownership.js';
import { parseIp, parseMac, toVni } from '../../src/types/index.js';
import { attachment } from './memory-world.js';

/*
 * The manual's table "Whose row it is" against the code: every row that the kernel can have fits a line first, and what
 * that line says is what becomes of the row.
 */
const MAC = parseMac('02:00:00:00:00:01');
const OTHER = parseMac('02:00:00:00:00:02');
const IP = parseIp('192.0.2.1');
const VTEP = parseIp('10.0.0.2');
const [BRIDGE, VXLAN, ACCESS] = [1, 2, 3];
const EPOCH = 7;
const AT = attachment(
  toVni(10010),
  { vni: toVni(10010), bridgeIfindex: BRIDGE, vxlanIfindex: VXLAN, accessIfindex: ACCESS, srcVni: 0 },
  parseIp('10.0.0.1'),
);
const port = (role: 'vxlan' | 'access') => ({
  role,
  bridgeIfindex: BRIDGE,
  name: role,
  pvid: 0,
  pvidUntagged: false,
});
const TOPOLOGY: Topology = {
  ...EMPTY_TOPOLOGY,
  ports: new Map([
    [VXLAN, port('vxlan')],
    [ACCESS, port('access')],
  ]),
};

/** A row as the kernel shows it. */
interface Row {
  readonly state: number;
  readonly flags: number;
  readonly protocol: number;
}

/** What becomes of a row, in the words of the manual. */
interface Fate {
  readonly announced: boolean;
  readonly replaced: 'yes' | 'no' | 'if it wins';
  readonly removed: boolean;
}

const ofTable = (table: Operation['table'], out: readonly Operation[]) =>
  out.some((operation) => operation.table === table || operation.table === 'fdb');

function replaced(writes: (overEpoch: number) => boolean): Fate['replaced'] {
  if (writes(0)) return 'yes';
  return writes(EPOCH) ? 'if it wins' : 'no';
}

function bridgeFate(row: Row, place: number): Fate {
  const bridge = { ...row, bridgeIfindex: BRIDGE, vlan: 0, mac: MAC, port: place, epoch: EPOCH };
  const writes = (overEpoch: number) =>
    [true, false].some((pinned) => {
      const out: Operation[] = [];
      const want = { to: VTEP, pinned, overEpoch, settled: false, failure: undefined };
      macDifference(AT, MAC, want, bridge, undefined, out);
      return ofTable('bridge', out);
    });
  const unwanted: Operation[] = [];
  macDifference(AT, MAC, undefined, bridge, undefined, unwanted);
  return {
    announced: isLocalRow(bridge, TOPOLOGY),
    replaced: replaced(writes),
    removed: ofTable('bridge', unwanted),
  };
}

function vxlanFate(row: Row): Fate {
  const vxlan = { ...row, ifindex: VXLAN, srcVni: 0, mac: MAC, dst: parseIp('10.9.9.9'), nexthopId: 0 };
  const writes = (overEpoch: number) => {
    const out: Operation[] = [];
    const want = { to: VTEP, pinned: false, overEpoch, settled: false, failure: undefined };
    macDifference(AT, MAC, want, undefined, vxlan, out);
    return ofTable('vxlan', out);
  };
  const unwanted: Operation[] = [];
  macDifference(AT, MAC, undefined, undefined, vxlan, unwanted);
  return { announced: false, replaced: replaced(writes), removed: ofTable('vxlan', unwanted) };
}

function neighFate(row: Row): Fate {
  const neigh = { ...row, ifindex: BRIDGE, ip: IP, mac: OTHER, epoch: EPOCH };
  const writes = (overEpoch: number) => {
    const out: Operation[] = [];
    const want = { mac: MAC, router: false, overEpoch, settled: false, failure: undefined };
    neighDifference(AT, IP, want, neigh, out);
    return out.length > 0;
  };
  const unwanted: Operation[] = [];
  neighDifference(AT, IP, undefined, neigh, unwanted);
  return { announced: isLocalNeigh(neigh), replaced: replaced(writes), removed: unwanted.length > 0 };
}

const FDB_STATES = {
  '': [Nud.REACHABLE, Nud.STALE],
  static: [Nud.NOARP],
  permanent: [Nud.PERMANENT, Nud.NOARP | Nud.PERMANENT],
};
const NEIGH_STATES = {
  none: [0],
  incomplete: [Nud.INCOMPLETE],
  reachable: [Nud.REACHABLE],
  stale: [Nud.STALE],
  delay: [Nud.DELAY],
  probe: [Nud.PROBE],
  failed: [Nud.FAILED],
  noarp: [Nud.NOARP],
  permanent: [Nud.PERMANENT],
};
/** Flags by their words; one of 0 is a word that is not there. Those without a word change nothing. */
const MARK = { '': 0, extern_learn: Ntf.EXT_LEARNED };
const SILENT = { '': 0, ' ': Ntf.OFFLOADED };
/** rtnetlink.h RTPROT_*: none, kernel, static, zebra, OVN's, bgp. */
const PROTOCOLS = {
  '': 0,
  'proto kernel': 2,
  'proto static': 4,
  'proto zebra': 11,
  'proto 84': 84,
  'proto bgp': 186,
};

/** Every row with these words. */
function* rows(
  states: Readonly<Record<string, readonly number[]>>,
  flags: readonly Readonly<Record<string, number>>[],
  protocols: Readonly<Record<string, number>> = { '': 0 },
): Iterable<Row & { readonly words: readonly string[] }> {
  let combinations: { words: string[]; flags: number }[] = [{ words: [], flags: 0 }];
  for (const group of flags)
    combinations = combinations.flatMap((before) =>
      Object.entries(group).map(([word, bit]) => ({
        words: [...before.words, word],
        flags: before.flags | bit,
      })),
    );
  for (const [state, values] of Object.entries(states))
    for (const value of values)
      for (const combination of combinations)
        for (const [protocol, number] of Object.entries(protocols))
          yield {
            words: [state, ...combination.words, protocol].filter((word) => word.trim() !== ''),
            state: value,
            flags: combination.flags,
            protocol: number,
          };
}

const STICKY = { '': 0, sticky: Ntf.STICKY };

/** What the kernel can have of each table, by the beginning of its name in the manual. */
const TABLES: Readonly<
  Record<string, { readonly rows: () => Iterable<Row & { words: readonly string[] }>; fate(row: Row): Fate }>
> = {
  'bridge FDB: the VXLAN port': {
    rows: () => rows(FDB_STATES, [MARK, STICKY, SILENT]),
    fate: (row) => bridgeFate(row, VXLAN),
  },
  'bridge FDB: any other port': {
    *rows() {
      yield* rows(FDB_STATES, [MARK, STICKY, SILENT]);
      // What is locked was learned by a frame (net/bridge: BR_FDB_LOCKED), or told so by the hardware
      yield* rows({ '': FDB_STATES[''] }, [{ locked: Ntf.EXT_LOCKED }, MARK, SILENT]);
    },
    fate: (row) => bridgeFate(row, ACCESS),
  },
  'VXLAN FDB': {
    *rows() {
      yield* rows(FDB_STATES, [MARK, SILENT]);
      // What is learned goes to the device's own port and VNI
      for (const word of ['port', 'vni', 'via']) {
        yield* rows(FDB_STATES, [{ extern_learn: Ntf.EXT_LEARNED }, { [word]: Ntf.OTHER_TUNNEL }]);
        const { static: fixed, permanent } = FDB_STATES;
        yield* rows({ static: fixed, permanent }, [{ [word]: Ntf.OTHER_TUNNEL }]);
      }
    },
    fate: vxlanFate,
  },
  neighbors: {
    rows: () =>
      rows(
        NEIGH_STATES,
        [MARK, { '': 0, router: Ntf.ROUTER }, { '': 0, managed: Ntf.EXT_MANAGED }],
        PROTOCOLS,
      ),
    fate: neighFate,
  },
};

interface Line {
  readonly table: string;
  /** Any of these, each all of its words; empty: whatever is left. */
  readonly words: readonly (readonly string[])[];
  readonly fate: Fate;
}

function documented(): Line[] {
  const manual = readFileSync(new URL('../../../docs/operator.md', import.meta.url), 'utf8');
  const [, section] = manual.split('### Whose row it is');
  const lines: Line[] = [];
  let table = '';
  for (const line of section.split('\n##')[0].split('\n')) {
    if (!line.startsWith('|') || line.startsWith('|--') || line.startsWith('| kernel')) continue;
    const [, name, words, whose, announced, place, removed] = line.split('|').map((cell) => cell.trim());
    table = name || table;
    if (!whose) throw new Error(`not a line of the table: ${line}`);
    const isRest = words.startsWith('anything else');
    lines.push({
      table,
      words: isRest ? [] : [...words.matchAll(/`([^`]+)`/g)].map(([, text]) => text.split(' ')),
      fate: {
        announced: yesOrNo(announced),
        replaced: place === 'if it wins' ? place : yesOrNo(place) ? 'yes' : 'no',
        removed: yesOrNo(removed),
      },
    });
  }
  return lines;
}

function yesOrNo(cell: string): boolean {
  if (cell !== 'yes' && cell !== 'no') throw new Error(`neither yes nor no: ${cell}`);
  return cell === 'yes';
}

/** The protocol and its number are one word of iproute2's. */
const hasAll = (found: readonly string[], wanted: readonly string[]) => {
  const words = found.flatMap((word) => word.split(' '));
  return wanted.every((word) => words.includes(word));
};

const LINES = documented();

test('the table is of the tables that there are', (t) => {
  const names = [...new Set(LINES.map(({ table }) => table))];
  t.is(names.length, Object.keys(TABLES).length);
  for (const name of Object.keys(TABLES)) t.is(names.filter((each) => each.startsWith(name)).length, 1, name);
});

for (const [name, { rows: rowsOf, fate }] of Object.entries(TABLES))
  test(`${name}: what becomes of a row is what the manual says`, (t) => {
    const lines = LINES.filter(({ table }) => table.startsWith(name));
    t.deepEqual(lines.at(-1)?.words, [], 'the last line is of all that is left');
    const met = new Set<Line>();
    for (const row of rowsOf()) {
      const line = lines.find(
        ({ words }) => words.length === 0 || words.some((all) => hasAll(row.words, all)),
      );
      if (!line) throw new Error(`no line fits ${row.words.join(' ')}`);
      met.add(line);
      t.deepEqual(fate(row), line.fate, `${row.words.join(' ') || 'learned'} (state ${row.state})`);
    }
    t.is(met.size, lines.length, 'no line is in vain');
  });

test("no row is nobody's, and a neighbor without a MAC is no host", (t) => {
  for (const whose of [hasOurMark, isSetByHand, isOurNeigh, isLocalNeigh])
    t.false(whose(undefined), whose.name);
  const row = { ifindex: BRIDGE, ip: IP, state: Nud.REACHABLE, flags: 0, protocol: 0 };
  t.true(isLocalNeigh({ ...row, mac: MAC }));
  t.false(isLocalNeigh({ ...row, mac: undefined }));
});
