import test, { type ExecutionContext } from 'ava';
import { Fabric, frrSpineConfig, waitFor } from '../../lab/index.js';
import { ScriptedPeer } from './support/scripted-peer.js';

/*
 * BFD with FRR's bfdd, over IPv4 and IPv6 at the same time: two sessions with one spine. What is between them is told apart by
 * the reason that each side gives, not by a clock.
 */
let fabric: Fabric;
const HOLD_TIME = 60;
/** Packets from beyond the link. */
const FAR = 2000;
type Bfd = {
  state: string;
  diagnostic: string;
  transmitIntervalMs: number | null;
  detectionTimeMs: number | null;
  neighbor: { state: string; multiplier: number } | null;
  packets: { sent: number; received: number; discarded: { reason: string; packets: number }[] };
  ups: number;
  lastDown: { reason: string } | null;
};
interface Neighbor {
  established: boolean;
  flaps: number;
  bfd: Bfd | null;
  lastDown: { reason: string } | null;
  limits: { routes: number };
  lastError: { direction: string; code: number; subcode: number } | null;
}

const spineAddresses = () => Object.values(fabric.leaf('leaf1').links[0].spineAddress);
const leafAddresses = () => Object.values(fabric.leaf('leaf1').links[0].leafAddress);
const neighbor = async (address: string) =>
  (await fabric.restApi<Neighbor>('leaf1', `/api/v1/neighbors/${encodeURIComponent(address)}`)).body;
const all = () => Promise.all(spineAddresses().map(neighbor));
const isUp = ({ established, bfd }: Neighbor) => established && bfd?.state === 'Up';
const bothUp = () => waitFor(async () => (await all()).every(isUp), { what: 'BGP and BFD', timeout: 30_000 });

/** Of bfdd: its peers by address. */
async function peers(): Promise<Record<string, Record<string, unknown>>> {
  const list = await fabric.vtyshJson<{ peer: string }[]>('spine1', 'show bfd peers json');
  return Object.fromEntries(list.map((peer) => [peer.peer, peer]));
}

/** bgpd's configuration: the session of IPv4, and the same over IPv6. */
function config(): string {
  const spine = fabric.plan.spines[0];
  const [ipv4, ipv6] = leafAddresses();
  const lines = frrSpineConfig(spine, fabric.plan).split('\n');
  return lines
    .flatMap((line) => (line.includes(`neighbor ${ipv4} `) ? [line, line.replace(ipv4, ipv6)] : [line]))
    .join('\n')
    .replace(
      ' address-family',
      [
        ...[ipv4, ipv6].map(
          (address) => ` neighbor ${address} bfd profile lab\n neighbor ${address} timers 20 ${HOLD_TIME}\n`,
        ),
        ' address-family',
      ].join(''),
    );
}

const settings = (bfd: unknown) =>
  spineAddresses().map((address) => ({ address, 'remote-as': 65000, 'hold-time': HOLD_TIME, bfd }));

test.before(async () => {
  fabric = await Fabric.create({
    leaves: [{ engine: 'evpnd' }],
    spines: [{ engine: 'none' }],
    vnis: [{ vni: 10010, vlan: 10 }],
  });
  await reload(true);
  await fabric.startFrr('spine1', config());
});
test.after.always(async (t) => {
  if (!t.passed) t.log(fabric?.logs());
  await fabric?.remove();
});

/** How often each of bfdd's sessions has gone down. */
async function downs(): Promise<unknown[]> {
  const list = await fabric.vtyshJson<Record<string, unknown>[]>('spine1', 'show bfd peers counters json');
  return list.map((each) => each['session-down']);
}

const macOf = (n: number) => `02:${(0x77_0000_0000 + n).toString(16).replace(/(..)(?!$)/g, '$1:')}`;

/** Rows of the leaf's VXLAN device that lead to the peer's VTEP. */
async function rows(): Promise<number> {
  const { vxlan } = fabric.leaf('leaf1').segments[0];
  const { stdout } = await fabric.exec(
    'leaf1',
    'sh',
    '-c',
    `bridge fdb show dev ${vxlan} | grep -cF 'dst 10.0.0.201 ' || true`,
  );
  return Number(stdout);
}

async function reload(bfd: unknown, ...others: readonly object[]): Promise<void> {
  const evpnd = fabric.evpnd('leaf1');
  const reloads = () => evpnd.log().split('configuration reloaded').length;
  const before = reloads();
  evpnd.configure({ ...evpnd.config, neighbors: [...settings(bfd), ...others] });
  evpnd.signal('SIGHUP');
  await waitFor(() => reloads() > before, { what: 'reload' });
}

/** Neither session has ended `during` this. */
async function undisturbed(t: ExecutionContext, during: () => Promise<void>): Promise<void> {
  const flaps = async () => (await all()).map((each) => each.flaps);
  const before = await flaps();
  await during();
  t.deepEqual(await flaps(), before);
  for (const { established } of await all()) t.true(established);
}

test.serial('it comes up with bfdd, by the intervals of both', async (t) => {
  await bothUp();
  await waitFor(async () => (await all()).every(({ bfd }) => bfd?.detectionTimeMs === 900), {
    what: 'the Poll Sequence',
  });
  for (const { bfd } of await all())
    t.like(bfd, {
      diagnostic: 'No Diagnostic',
      transmitIntervalMs: 300,
      neighbor: { state: 'Up', multiplier: 3 },
      lastDown: null,
    });
  const theirs = await peers();
  for (const address of leafAddresses())
    t.like(theirs[address], {
      status: 'up',
      'receive-interval': 300,
      'remote-transmit-interval': 300,
      'remote-receive-interval': 300,
      'remote-detect-multiplier': 3,
    });
});

test.serial('other intervals and multipliers, of either end, cost no session', (t) =>
  undisturbed(t, async () => {
    await reload({ interval: 500, multiplier: 4 });
    await waitFor(
      async () =>
        Object.values(await peers()).every(
          (peer) =>
            peer['remote-transmit-interval'] === 500 &&
            peer['remote-receive-interval'] === 500 &&
            peer['remote-detect-multiplier'] === 4,
        ),
      { what: 'our values there' },
    );
    await fabric.vtysh(
      'spine1',
      'configure terminal',
      'bfd',
      'profile lab',
      'detect-multiplier 5',
      'transmit-interval 400',
      'receive-interval 400',
    );
    const agreed = ({ bfd }: Neighbor) => bfd?.detectionTimeMs === 2500 && bfd.transmitIntervalMs === 500;
    await waitFor(async () => (await all()).every(agreed), { what: 'their values here' });
    await reload(true);
    await waitFor(async () => (await all()).every(({ bfd }) => bfd?.detectionTimeMs === 2000), {
      what: 'shorter ones',
    });
    await fabric.vtysh(
      'spine1',
      'configure terminal',
      'bfd',
      'profile lab',
      'detect-multiplier 3',
      'transmit-interval 300',
      'receive-interval 300',
    );
    await waitFor(async () => (await all()).every(({ bfd }) => bfd?.detectionTimeMs === 900), {
      what: 'the first ones again',
    });
  }),
);

test.serial(
  'packets with another TTL than 255, malformed ones, and one of a host that has the name of the neighbor are counted and change nothing',
  (t) =>
    undisturbed(t, async () => {
      const [ipv4, ipv6] = leafAddresses();
      const [from4, from6] = spineAddresses();
      // State Down of a session that has begun anew, which would take ours down; then nothing that is BFD
      await fabric.exec(
        'spine1',
        'python3',
        '-c',
        `
import socket, struct
down = struct.pack('!BBBB5I', 0x20, 0x40, 3, 24, 99, 0, 1000000, 1000000, 0)
for family, level, option, source, to in (
        (socket.AF_INET, socket.IPPROTO_IP, socket.IP_TTL, '${from4}', '${ipv4}'),
        (socket.AF_INET6, socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, '${from6}', '${ipv6}')):
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.bind((source, 0))
    s.setsockopt(level, option, 254)
    for _ in range(${FAR}):
        s.sendto(down, (to, 3784))
    s.setsockopt(level, option, 255)
    for wrong in (b'', b'x' * 23, b'x' * 20000):
        s.sendto(wrong, (to, 3784))
`,
      );
      await fabric.exec(
        fabric.plan.hosts[0].name,
        'python3',
        '-c',
        `
import socket, struct
def checksum(octets):
    total = sum(struct.unpack('!10H', octets))
    return ~(total + (total >> 16)) & 0xffff
down = struct.pack('!BBBB5I', 0x20, 0x40, 3, 24, 99, 0, 1000000, 1000000, 0)
addresses = socket.inet_aton('${from4}') + socket.inet_aton('${ipv4}')
head = lambda check: struct.pack('!BBHHHBBH', 0x45, 0, 52, 0, 0, 255, 17, check) + addresses
frame = b'\\xff' * 6 + b'\\x02' + bytes(5) + b'\\x08\\x00' + head(checksum(head(0))) + struct.pack('!4H', 50000, 3784, 32, 0) + down
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((socket.if_nameindex()[-1][1], 0))
s.send(frame)
`,
      );
      const counts = async () =>
        (await all()).map(
          ({ bfd }) => new Map(bfd?.packets.discarded.map(({ reason, packets }) => [reason, packets])),
        );
      await waitFor(
        async () => {
          const [of4, of6] = await counts();
          return of4.get('interface') === 1 && of4.get('length') === 2 && of6.get('length') === 2;
        },
        { what: 'the counts' },
      );
      for (const count of await counts()) {
        // The kernel passes one of 64: none once in 10^13 times, and as many as that never
        const far = count.get('ttl') ?? 0;
        t.true(far > 0 && far < FAR / 8, `${far} of ${FAR}`);
      }
    }),
);

test.serial(
  'taken down by the operator of the neighbor, and taken out here meanwhile, it ends no session',
  (t) =>
    undisturbed(t, async () => {
      const profile = (line: string) =>
        fabric.vtysh('spine1', 'configure terminal', 'bfd', 'profile lab', line);
      await profile('shutdown');
      await waitFor(async () => (await all()).every(({ bfd }) => bfd?.state === 'Down'), {
        what: 'the word',
      });
      for (const { bfd } of await all()) t.is(bfd?.lastDown?.reason, "taken down by the neighbor's operator");
      await reload(false);
      for (const { bfd } of await all()) t.is(bfd, null);
      await reload(true);
      await profile('no shutdown');
      await bothUp();
    }),
);

test.serial('3 × 300 ms hold while 100,000 routes arrive and go', async (t) => {
  t.timeout(180_000);
  const peer = { address: '10.0.0.101', asn: 65_009 };
  await fabric.exec('leaf1', 'ip', 'route', 'add', peer.address, 'via', spineAddresses()[0]);
  await reload(true, { address: peer.address, 'remote-as': peer.asn, passive: true });
  const speaker = await ScriptedPeer.start(fabric, {
    ...peer,
    node: 'spine1',
    neighbor: leafAddresses()[0],
    vni: 10010,
  });
  t.teardown(() => speaker.stop());
  const ups = async () => (await all()).map(({ bfd }) => bfd?.ups);
  const [before, theirs] = [await ups(), await downs()];
  const held = async () => (await neighbor(peer.address)).limits.routes;
  await undisturbed(t, async () => {
    const claims = Array.from({ length: 100_000 }, (_, n) => ({ mac: macOf(n), vtep: '10.0.0.201' }));
    // An UPDATE each, as many at once as a call takes arguments
    for (let n = 0; n < claims.length; n += 1000) speaker.announce(...claims.slice(n, n + 1000));
    await waitFor(async () => (await held()) === claims.length, { what: 'the routes', timeout: 60_000 });
    await waitFor(
      async () => {
        const found = await rows();
        if (found !== claims.length) throw new Error(`${found} rows`);
        return true;
      },
      { what: 'the rows', timeout: 30_000 },
    );
    for (let n = 0; n < claims.length; n += 1000) speaker.withdraw(...claims.slice(n, n + 1000));
    await waitFor(async () => (await rows()) === 0, { what: 'no rows', timeout: 60_000 });
  });
  t.deepEqual(await ups(), before);
  t.deepEqual(await downs(), theirs);
  await reload(true);
});

test.serial(
  'a bfdd that stands still ends both sessions, with the word of RFC 9384, and they come back',
  async (t) => {
    const before = await all();
    const began = Date.now();
    fabric.frr('spine1').signalBfdd('SIGSTOP');
    await waitFor(async () => (await all()).every(({ flaps }, i) => flaps > before[i].flaps), {
      what: 'the end',
      interval: 20,
    });
    t.log(`noticed ${Date.now() - began} ms after SIGSTOP`);
    for (const { lastDown, bfd } of await all()) {
      t.regex(
        lastDown?.reason ?? '',
        /^BFD: nothing was heard for \d+ ms \(Control Detection Time Expired\)$/,
      );
      t.is(bfd?.lastDown?.reason, lastDown?.reason.slice('BFD: '.length));
    }
    // Without BFD, which does not keep them from that
    await waitFor(async () => (await all()).every(({ established }) => established), { what: 'sessions' });
    for (const { bfd } of await all()) t.is(bfd?.state, 'Down');
    fabric.frr('spine1').signalBfdd('SIGCONT');
    await bothUp();
  },
);

test.serial('evpnd that stops says so: the neighbor takes it for no failure', async (t) => {
  await fabric.evpnd('leaf1').stop();
  const theirs = await peers();
  t.deepEqual(
    leafAddresses().map((address) => theirs[address].diagnostic),
    leafAddresses().map(() => 'neighbor signaled session down'),
  );
  await fabric.evpnd('leaf1').start();
  await bothUp();
});
