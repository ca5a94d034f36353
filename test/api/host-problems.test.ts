import test from 'ava';
import type { ProblemNote } from '../../src/api/index.js';
import { Ntf, Nud } from '../../src/dataplane/index.js';
import { DEFAULT_DUPLICATE_SETTINGS } from '../../src/evpn/index.js';
import { formatIp, type Ip, type Mac, parseIp } from '../../src/types/index.js';
import { RecordingLog } from '../bgp/fabric.js';
import { HOST, House, OTHER, type Room } from './support/house.js';

/* Addresses with which something is wrong are problems of their VNI and of the leaf, with what to do about it. */
const V4 = parseIp('192.0.2.11');
const V6 = parseIp('2001:db8::11');
const DST = parseIp('10.9.9.9');

async function fabric(options: Parameters<typeof House.build>[0] = {}) {
  const log = new RecordingLog();
  const house = await House.build({ log, ...options });
  const [here, there] = house.rooms;
  return { house, here, there, log, kernel: here.leaf.world.kernel, ...here.devices };
}

const problemsOf = async (room: Room) =>
  ((await room.get('/api/v1/vnis/10010')) as { problems: ProblemNote[] }).problems;

/** The VNI's problems, which the leaf has as well. */
async function problems(t: { true(value: boolean, why: string): void }, room: Room): Promise<ProblemNote[]> {
  const notes = await problemsOf(room);
  const { problems: all } = (await room.get('/api/v1/status')) as { problems: ProblemNote[] };
  for (const { problem, fix } of notes)
    t.true(
      all.some((each) => each.problem === `VNI 10010: ${problem}` && each.fix === fix),
      problem,
    );
  return notes;
}

const blockedLines = ({ lines }: RecordingLog) =>
  lines.filter(({ message }) => message.startsWith('a row that is not ours to overwrite'));

interface Obstacle {
  /** What stands before the route comes. */
  readonly bridge?: { readonly at: 'port' | 'vxlan'; readonly state: number; readonly flags?: number };
  readonly vxlan?: { readonly state: number; readonly flags: number };
  readonly found: string;
  readonly fix: string;
  readonly vlan?: number;
}

const MAC_TEXT = '02:00:00:00:00:01';
const OBSTACLES: Readonly<Record<string, Obstacle>> = {
  'a permanent row of an access port': {
    bridge: { at: 'port', state: Nud.PERMANENT },
    found: 'bridge row points to p10010 (permanent), no vxlan row',
    fix: `bridge fdb del ${MAC_TEXT} dev p10010 master`,
  },
  'the same on a VLAN-aware bridge': {
    vlan: 10,
    bridge: { at: 'port', state: Nud.PERMANENT },
    found: 'bridge row points to p10010 (permanent), no vxlan row',
    fix: `bridge fdb del ${MAC_TEXT} dev p10010 master vlan 10`,
  },
  // What `bridge fdb replace` makes of a row of ours keeps its mark
  'a permanent row that was one of ours': {
    bridge: { at: 'port', state: Nud.PERMANENT, flags: Ntf.EXT_LEARNED },
    found: 'bridge row points to p10010 (permanent, ext_learned), no vxlan row',
    fix: `bridge fdb del ${MAC_TEXT} dev p10010 master`,
  },
  'a static row of the VXLAN port': {
    bridge: { at: 'vxlan', state: Nud.NOARP },
    found: 'bridge row points to vx10010 (noarp), vxlan row has dst 10.0.0.2 (reachable, ext_learned)',
    fix: `bridge fdb del ${MAC_TEXT} dev vx10010 master`,
  },
  'a permanent row of the VXLAN device': {
    vxlan: { state: Nud.PERMANENT, flags: Ntf.SELF },
    found: 'bridge row points to vx10010 (reachable, ext_learned), vxlan row has dst 10.9.9.9 (permanent)',
    fix: `bridge fdb del ${MAC_TEXT} dev vx10010 self`,
  },
  'a row of the VXLAN device that sends to another UDP port': {
    vxlan: { state: Nud.REACHABLE, flags: Ntf.SELF | Ntf.EXT_LEARNED | Ntf.OTHER_TUNNEL },
    found:
      'bridge row points to vx10010 (reachable, ext_learned), vxlan row has dst 10.9.9.9 (reachable, ext_learned, other_tunnel)',
    fix: `bridge fdb del ${MAC_TEXT} dev vx10010 self`,
  },
  'rows of both': {
    bridge: { at: 'vxlan', state: Nud.PERMANENT },
    vxlan: { state: Nud.PERMANENT, flags: Ntf.SELF },
    found: 'bridge row points to vx10010 (permanent), vxlan row has dst 10.9.9.9 (permanent)',
    fix: `bridge fdb del ${MAC_TEXT} dev vx10010 master && bridge fdb del ${MAC_TEXT} dev vx10010 self`,
  },
};

for (const [what, { bridge, vxlan, found, fix, vlan = 0 }] of Object.entries(OBSTACLES))
  test(`${what} where a remote MAC's should be`, async (t) => {
    const { house, here, there, kernel, log, bridgeIfindex, accessIfindex, vxlanIfindex } = await fabric();
    if (vlan !== 0) here.leaf.addVni(here.devices, { vlanAware: true, vlan });
    house.pass();
    if (bridge) {
      const port = bridge.at === 'port' ? accessIfindex : vxlanIfindex;
      const { state, flags = 0 } = bridge;
      kernel.putBridge({ bridgeIfindex, vlan, mac: HOST, port, state, flags });
    }
    if (vxlan)
      kernel.putVxlan({ ifindex: vxlanIfindex, srcVni: 0, mac: HOST, dst: DST, nexthopId: 0, ...vxlan });
    house.pass();
    t.deepEqual(await problems(t, here), []);
    house.speaks(there, HOST);
    t.deepEqual(await problems(t, here), [
      {
        severity: 'warning',
        problem: `vx10010: ${MAC_TEXT} is behind 10.0.0.2, and a row that is not evpnd's is in the way and stays: ${found}`,
        fix,
      },
    ]);
    const [line, ...others] = blockedLines(log);
    t.deepEqual(others, []);
    t.like(line, { level: 'warn', facts: { vni: 10010, key: MAC_TEXT, found, fix } });
    t.like(await here.get('/api/v1/drift?open=true'), { items: [{ cause: 'blocked', found, fix }] });
    const { verdict } = (await here.get(`/api/v1/explain?vni=10010&mac=${MAC_TEXT}`)) as {
      verdict: string[];
    };
    t.true(verdict.some((sentence) => sentence.endsWith(`if it is not meant: ${fix}.`)));
    if (bridge) kernel.dropBridge(bridgeIfindex, vlan, HOST);
    if (vxlan) kernel.dropVxlan(vxlanIfindex, 0, HOST, undefined);
    house.pass();
    t.deepEqual(await problems(t, here), []);
    t.like(await here.get('/api/v1/drift?open=true'), { items: [] });
  });

test('a row of ours that somebody makes permanent on a port: what was a change is a row in the way', async (t) => {
  const { house, here, there, kernel, log, bridgeIfindex, accessIfindex } = await fabric();
  house.speaks(there, HOST);
  const state = { state: Nud.PERMANENT, flags: Ntf.EXT_LEARNED };
  kernel.putBridge({ bridgeIfindex, vlan: 0, mac: HOST, port: accessIfindex, ...state });
  house.pass();
  t.like(await problems(t, here), [{ fix: `bridge fdb del ${MAC_TEXT} dev p10010 master` }]);
  t.like(await here.get('/api/v1/drift'), { items: [{ id: 1, cause: 'blocked', action: 'left-alone' }] });
  t.is(blockedLines(log).length, 1);
});

for (const ip of [V4, V6])
  test(`a neighbor that somebody set where a remote host's should be: ${formatIp(ip)}`, async (t) => {
    const { house, here, there, kernel, log, bridgeIfindex: ifindex } = await fabric();
    kernel.putNeigh({ ifindex, ip, mac: OTHER, state: Nud.PERMANENT, flags: 0, protocol: 0 });
    house.speaks(there, HOST);
    house.resolves(there, HOST, ip);
    const text = formatIp(ip);
    t.deepEqual(await problems(t, here), [
      {
        severity: 'warning',
        problem: `br10010: ${text} has ${MAC_TEXT} behind another leaf, and a row that is not evpnd's is in the way and stays: neighbor on br10010 is 02:00:00:00:00:02 (permanent)`,
        fix: `ip neigh del ${text} dev br10010`,
      },
    ]);
    t.like(blockedLines(log), [{ level: 'warn', facts: { table: 'neigh', key: text } }]);
    kernel.dropNeigh(ifindex, ip);
    house.pass();
    t.deepEqual(await problems(t, here), []);
  });

test('of many rows in the way ten are named and the rest counted', async (t) => {
  const { house, here, there, kernel, bridgeIfindex, accessIfindex: port } = await fabric();
  for (let i = 0; i < 11; i++) {
    const mac = (HOST + 16 + i) as Mac;
    kernel.putBridge({ bridgeIfindex, vlan: 0, mac, port, state: Nud.PERMANENT, flags: 0 });
    house.speaks(there, mac);
  }
  const notes = await problems(t, here);
  t.is(notes.length, 11);
  t.is(notes.at(-1)!.problem, 'and 1 more such row');
  t.regex(notes[0].problem, /02:00:00:00:00:1b/, 'the latest first');
});

/** Says here and there in turn that it is there, until that is a duplicate. */
const fights = {
  mac({ house, here, there }: Awaited<ReturnType<typeof fabric>>) {
    for (let i = 0; i < 3; i++) for (const room of [here, there]) house.speaks(room, HOST);
    return MAC_TEXT;
  },
  ip({ house, here, there }: Awaited<ReturnType<typeof fabric>>, ip: Ip = V4) {
    house.speaks(here, HOST);
    house.speaks(there, OTHER);
    for (let i = 0; i < 6; i++)
      for (const [room, mac] of [
        [here, HOST],
        [there, OTHER],
      ] as const) {
        void room.leaf.world.deleteNeigh(room.devices, ip);
        house.resolves(room, mac, ip);
      }
    return formatIp(ip);
  },
  ip6: (rooms: Awaited<ReturnType<typeof fabric>>) => fights.ip(rooms, V6),
};

for (const action of ['warn', 'freeze'] as const)
  for (const [kind, fight] of Object.entries(fights))
    test(`a duplicate ${kind}, action ${action}, is a problem while it lasts`, async (t) => {
      const duplicates = { ...DEFAULT_DUPLICATE_SETTINGS, action };
      const rooms = await fabric({ settings: { duplicates } });
      const address = fight(rooms);
      const { here, house } = rooms;
      const [note, ...others] = await problems(t, here);
      t.deepEqual(others, []);
      t.is(note.severity, 'warning');
      const places = '(p10010 and 10\\.0\\.0\\.2|10\\.0\\.0\\.2 and p10010)';
      const effect =
        action === 'warn' ? 'followed from one to the other' : 'frozen at (p10010|10\\.0\\.0\\.2)';
      t.regex(
        note.problem,
        new RegExp(`^${address} is in two places, ${places}, and is ${effect} \\(\\d+ moves within`),
      );
      const query = `duplicates?vni=10010&${kind === 'mac' ? 'mac' : 'ip'}=${address}`;
      const clear = `curl --unix-socket /run/evpnd/api.sock -X DELETE 'http://evpnd/api/v1/${query}'`;
      const fix = 'take it away from one of the two';
      t.is(note.fix, action === 'warn' ? fix : `${fix}, then let it go: ${clear}`);
      here.leaf.evpn.duplicates.clearAll();
      house.pass();
      t.deepEqual(await problems(t, here), []);
    });
