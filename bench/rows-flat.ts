/** Rows of what must leave nothing behind: the heap without garbage after a million of each is what it was after a tenth. */
import { restGet, run, waitFor } from '../lab/index.js';
import { type Arena, PATIENCE, REST_PORT } from './arena.js';
import type { FlowName, Span } from './flat-routes.js';
import { residentMemory } from './measure.js';
import { type Measured, type Row, speaker } from './row.js';
import { vniAt } from './workload.js';

const CLIENTS = 8;

/** What one row does with a span of its items: they come, are put to use, and go. */
type Round = (span: Span) => Promise<void>;

interface Work {
  readonly atATime: number;
  /** What stands for all of the time. */
  readonly prepare?: (arena: Arena) => Promise<void>;
  readonly round: (arena: Arena) => Round;
  /** Takes down what `prepare` made outside the daemon. */
  readonly cleanUp?: (arena: Arena) => Promise<void>;
}

async function rounds(round: Round, { from, to }: Span, atATime: number): Promise<void> {
  for (let first = from; first < to; first += atATime)
    await round({ from: first, to: Math.min(to, first + atATime) });
}

async function heapOf(arena: Arena): Promise<number> {
  await arena.settle();
  const heap = await arena.engine.heap?.();
  if (heap === undefined) throw new Error('this engine tells nothing of its heap');
  return heap;
}

/**
 * A tenth of the items first: tables have their sizes then, code is compiled, and what is remembered for a while and has a
 * bound (evpn/move-memory.ts: 65,536 addresses) is full, so that what grows from there on grows without one.
 */
function flat({ atATime, prepare, round, cleanUp }: Work): Row['run'] {
  return async (arena, engine, { count }): Promise<Measured> => {
    await arena.start(speaker(engine));
    await arena.attacker.call('up', { timeout: PATIENCE });
    await prepare?.(arena);
    const once = round(arena);
    const tenth = Math.ceil(count / 10);
    await rounds(once, { from: 0, to: tenth }, Math.min(atATime, tenth));
    const before = await heapOf(arena);
    await rounds(once, { from: tenth, to: count }, Math.min(atATime, tenth));
    const after = await heapOf(arena);
    await cleanUp?.(arena);
    return {
      items: count - tenth,
      heapBeforeMiB: before / 2 ** 20,
      heapAfterMiB: after / 2 ** 20,
      grownPercent: (after / before - 1) * 100,
      bytesPerItem: (after - before) / (count - tenth),
      restMiB: residentMemory(arena.engine.pids),
    };
  };
}

async function ask<T>(arena: Arena, path: string): Promise<T> {
  const { socket } = arena.engine;
  if (socket === undefined) throw new Error('no REST API');
  const { status, body } = await restGet<T>(socket, path, PATIENCE);
  if (status !== 200) throw new Error(`GET ${path}: status ${status}`);
  return body;
}

/** Waits until a list of the REST API has so many items. */
async function until(arena: Arena, path: string, items: number): Promise<void> {
  await waitFor(async () => (await ask<{ total: number }>(arena, path)).total === items, {
    what: `${items} items of ${path}`,
    timeout: PATIENCE,
  });
}

/** Each MAC has a row in the bridge and one in the VXLAN device. */
const ROWS_OF_A_MAC = 2;

/** Routes of the hostile neighbor's come, are in the kernel row by row, and go. */
function flow(name: FlowName): Work {
  return {
    atATime: 20_000,
    round: (arena) => async (span) => {
      const { vnis } = arena.place;
      const rows = (wanted: number) =>
        waitFor(async () => (await arena.probe.call('remoteRows', { vnis })) === wanted, {
          what: `${wanted} rows of remote hosts`,
          timeout: PATIENCE,
        });
      await arena.attacker.call('flow', { name, span, vnis, verb: 'announce' });
      await rows((span.to - span.from) * ROWS_OF_A_MAC);
      await arena.attacker.call('flow', { name, span, vnis, verb: 'withdraw' });
      await rows(0);
    },
  };
}

/** Local hosts come and go, which one of two neighbors does not take. */
const UNREAD: Work = {
  atATime: 20_000,
  round: (arena) => async (span) => {
    const { vnis } = arena.place;
    // Where the send hold time is over, the leaf has closed the session and opened another
    await arena.attacker.call('up', { timeout: PATIENCE });
    await arena.attacker.call('deafen', null);
    await arena.tenant.call('someHosts', { span, vnis, verb: 'add' });
    await arena.spine.call('holds', { macs: span.to - span.from, timeout: PATIENCE });
    await arena.tenant.call('someHosts', { span, vnis, verb: 'delete' });
    await arena.spine.call('holds', { macs: 0, timeout: PATIENCE });
  },
};

const STANDING = 1_000;

/** Questions about what is there and what is not, each about other names than those before. */
function questionsOf({ from, to }: Span, vnis: number): string[] {
  const octets = (i: number) => [16, 8, 0].map((shift) => (i >>> shift) & 0xff);
  const kinds: ((i: number) => string)[] = [
    (i) => `routes?limit=10&rd=172.16.${octets(i)[0]}.${octets(i)[1]}:${i & 0xffff}`,
    (i) =>
      `routes?limit=10&mac=02:00:77:${octets(i)
        .map((each) => each.toString(16).padStart(2, '0'))
        .join(':')}`,
    (i) => `routes?limit=10&ip=172.${octets(i).map(String).join('.')}`,
    (i) => `explain?vni=${vniAt(i % vnis)}&ip=172.${octets(i).join('.')}`,
    (i) => `vnis/${vniAt(i % vnis)}/macs?limit=10&vtep=172.${octets(i).join('.')}`,
    (i) => `vnis/${1_000_000 + i}`,
    (i) => `neighbors/172.${octets(i).join('.')}`,
    () => 'neighbors',
    (i) => `nothing/${i}`,
    () => 'status',
  ];
  return Array.from({ length: to - from }, (_, n) => `/api/v1/${kinds[n % kinds.length](from + n)}`);
}

/** What a question may be answered with; a leaf that refuses has not been asked. */
const ANSWERS = ['200', '404'];

const QUERIES: Work = {
  atATime: 10_000,
  prepare: async (arena) => {
    const { vnis } = arena.place;
    await arena.attacker.call('flow', {
      name: 'sequences',
      span: { from: 0, to: STANDING },
      vnis,
      verb: 'announce',
    });
    await arena.settle();
  },
  round: (arena) => async (span) => {
    const paths = questionsOf(span, arena.place.vnis);
    const answers = await arena.tenant.call('ask', { clients: CLIENTS, port: REST_PORT, paths });
    if (Object.keys(answers).some((status) => !ANSWERS.includes(status)))
      throw new Error(`questions were answered with ${JSON.stringify(answers)}`);
  },
};

/** Devices that a row makes are removed by this. */
const GROUP = '9';

async function removeGroup(arena: Arena): Promise<void> {
  const node = arena.fabric.namespace('leaf1');
  await run('ip', ['-n', node, 'link', 'del', 'group', GROUP], { timeout: PATIENCE });
}

/** VNIs that are there at a time, each in a bridge that stays: the kernel takes 16 ms to remove one. */
const VNIS_AT_A_TIME = 500;
/** The index of the first VNI that comes and goes. */
const FIRST_INDEX = 1_000;

const bridges = Array.from({ length: VNIS_AT_A_TIME }, (_, n) => `flat${n}`);

const VNIS: Work = {
  atATime: VNIS_AT_A_TIME,
  prepare: async (arena) => {
    const ip = bridges.flatMap((bridge) => [
      `link add ${bridge} type bridge mcast_snooping 0`,
      `link set ${bridge} addrgenmode none`,
      `link set ${bridge} up`,
    ]);
    await arena.fabric.apply('leaf1', { ip, bridge: [] });
  },
  round: (arena) => {
    const { vnis } = arena.place;
    const { vtep } = arena.fabric.leaf('leaf1');
    return async ({ from, to }) => {
      const span = { from: FIRST_INDEX + from, to: FIRST_INDEX + to };
      const ip: string[] = [];
      for (let i = from; i < to; i++)
        ip.push(
          `link add vx${FIRST_INDEX + i} mtu 1550 group ${GROUP} master ${bridges[i % VNIS_AT_A_TIME]} type vxlan id ${vniAt(FIRST_INDEX + i)} local ${vtep} dstport 4789 nolearning noudpcsum`,
          `link set vx${FIRST_INDEX + i} addrgenmode none up`,
        );
      await arena.attacker.call('flow', { name: 'floods', span, vnis, verb: 'announce' });
      await arena.fabric.apply('leaf1', { ip, bridge: [] });
      await until(arena, '/api/v1/vnis?limit=1', vnis + to - from);
      await arena.settle();
      await removeGroup(arena);
      await arena.attacker.call('flow', { name: 'floods', span, vnis, verb: 'withdraw' });
      await until(arena, '/api/v1/vnis?limit=1', vnis);
    };
  },
  cleanUp: async (arena) => {
    const ip = bridges.map((bridge) => `link set dev ${bridge} group ${GROUP}`);
    await arena.fabric.apply('leaf1', { ip, bridge: [] });
    await removeGroup(arena);
  },
};

/** The index of the VNI whose devices are renamed, and their names at first. */
const RENAMED_INDEX = FIRST_INDEX;
const RENAMED = ['flatbr', 'flatvx', 'flatport', 'flatfar'];

const RENAMES: Work = {
  atATime: 10_000,
  prepare: async (arena) => {
    const { vtep } = arena.fabric.leaf('leaf1');
    const [bridge, vxlan, port, far] = RENAMED.map((name) => `${name}0`);
    const ip = [
      `link add ${bridge} group ${GROUP} type bridge mcast_snooping 0`,
      `link add ${vxlan} mtu 1550 group ${GROUP} master ${bridge} type vxlan id ${vniAt(RENAMED_INDEX)} local ${vtep} dstport 4789 nolearning noudpcsum`,
      `link add ${port} group ${GROUP} master ${bridge} type veth peer name ${far}`,
      ...[bridge, vxlan, port, far].map((device) => `link set ${device} addrgenmode none up`),
    ];
    await arena.fabric.apply('leaf1', { ip, bridge: [] });
    await until(arena, '/api/v1/vnis?limit=1', arena.place.vnis + 1);
  },
  round:
    (arena) =>
    async ({ from, to }) => {
      const ip: string[] = [];
      for (let i = from; i < to; i++) {
        const name = RENAMED[i % RENAMED.length];
        const n = Math.floor(i / RENAMED.length);
        ip.push(`link set dev ${name}${n} name ${name}${n + 1}`);
      }
      await arena.fabric.apply('leaf1', { ip, bridge: [] });
      await arena.settle();
    },
  cleanUp: removeGroup,
};

const MILLION = 1_000_000;

export const FLAT_GROUP = 'flat';

const row = (name: string, title: string, count: number, work: Work): Row => ({
  name: `flat-${name}`,
  title,
  group: FLAT_GROUP,
  vnis: 10,
  count,
  quickCount: count / 100,
  withSvi: true,
  withIp: false,
  withPorts: true,
  hostile: true,
  collected: true,
  engines: ['evpnd'],
  goals: [{ figure: 'grownPercent', most: 5 }],
  run: flat(work),
});

export const FLAT_ROWS: readonly Row[] = [
  row('sequences', 'a million MACs with sequence numbers come and go', MILLION, flow('sequences')),
  row('rds', 'a million RDs come and go', MILLION, flow('rds')),
  row('attributes', 'a million attribute sets come and go', MILLION, flow('attributes')),
  row('unread', 'a million local MACs come and go, of which a neighbor reads nothing', MILLION, UNREAD),
  row('queries', 'a million REST queries', MILLION, QUERIES),
  row('vnis', '100,000 VNIs with a device each made and deleted', 100_000, VNIS),
  row('renames', 'a million renames of links', MILLION, RENAMES),
];

export const isFlat = ({ group }: Row): boolean => group === FLAT_GROUP;
