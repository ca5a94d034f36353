import test from 'ava';
import {
  DataPlane,
  type HostQuestion,
  Nud,
  type Operation,
  type RefreshSettings,
  type Snooper,
  type SnoopObserver,
  type Topology,
} from '../../src/dataplane/index.js';
import { DEFAULT_REFRESH, watchHosts } from '../../src/hosts/index.js';
import {
  formatIp,
  formatMac,
  type Ip,
  type Mac,
  parseIp,
  parseMac,
  silentLog,
  toVni,
} from '../../src/types/index.js';
import type { VniDevices } from '../dataplane/kernel-contract.js';
import {
  attachment,
  BRIDGE_MAC,
  MemoryWorld,
  withAddresses,
  withInterfaces,
  withOwn,
  withVni,
} from '../dataplane/memory-world.js';
import { VirtualClock } from '../support/virtual-clock.js';

const VNI = toVni(10010);
const A = parseMac('02:00:00:00:00:01');
const B = parseMac('02:00:00:00:00:02');
const IP = parseIp('10.10.10.11');
const IP6 = parseIp('2001:db8::11');
const VTEP = parseIp('10.0.0.1');

class Ears implements Snooper {
  observer: SnoopObserver | undefined;
  readonly questions: HostQuestion[] = [];
  start(observer: SnoopObserver): void {
    this.observer = observer;
  }
  ask(question: HostQuestion): boolean {
    this.questions.push(question);
    return true;
  }
  close(): void {
    this.observer = undefined;
  }
}

/** A leaf's data plane on a kernel in memory, with hosts that speak when the test says so. */
class Scene {
  readonly clock = new VirtualClock();
  readonly world = new MemoryWorld(this.clock);
  readonly ears = new Ears();
  readonly changed: string[] = [];
  readonly intruders: string[] = [];
  readonly devices: VniDevices;
  readonly plane: DataPlane;

  constructor(options: { snooper?: boolean; refresh?: RefreshSettings } = {}) {
    this.devices = this.world.devices(VNI);
    const { kernel } = this.world;
    kernel.setTopology(withVni(kernel.topology, this.devices, attachment(VNI, this.devices, VTEP)));
    this.plane = new DataPlane(kernel, this.clock, silentLog, {
      hosts: watchHosts(options.snooper === false ? undefined : this.ears, options.refresh),
    });
  }

  async start(): Promise<this> {
    await this.plane.start({
      topologyChanged() {},
      localMacChanged() {},
      localNeighChanged: (_vni, ip) => this.changed.push(formatIp(ip)),
      intruderHeard: (_vni, mac, port) => this.intruders.push(`${formatMac(mac)} ${port}`),
    });
    this.plane.serve(VNI);
    this.clock.runUntilIdle();
    return this;
  }

  change(over: Partial<Topology>): void {
    this.world.kernel.setTopology({ ...this.world.kernel.topology, ...over });
    this.clock.runUntilIdle();
  }

  /** The bridge learns the MAC from the frame, then the frame is heard. */
  says(mac: Mac, ip: Ip, over: { port?: number; tag?: number; router?: boolean } = {}): void {
    const { bridgeIfindex, accessIfindex } = this.devices;
    this.world.kernel.learn(bridgeIfindex, 0, mac, over.port ?? accessIfindex);
    this.hears(mac, ip, over);
  }

  hears(mac: Mac, ip: Ip, over: { port?: number; tag?: number; router?: boolean } = {}): void {
    this.ears.observer?.heard(over.port ?? this.devices.accessIfindex, over.tag ?? 0, mac, ip, over.router);
    this.clock.runUntilIdle();
  }

  neigh(mac: Mac | undefined, ip: Ip, state: number, flags = 0): void {
    this.world.kernel.putNeigh({ ifindex: this.devices.bridgeIfindex, ip, mac, state, flags, protocol: 0 });
    this.clock.runUntilIdle();
  }

  macOf(ip: Ip): Mac | undefined {
    return this.plane.localNeigh(VNI, ip)?.mac;
  }

  probes(): Operation[] {
    return this.world.kernel.applied.filter((operation) => operation.table === 'neigh-probe');
  }
}

const scene = (options?: ConstructorParameters<typeof Scene>[0]) => new Scene(options).start();

test('what a host says is believed while its MAC is on the port', async (t) => {
  const s = await scene();
  s.says(A, IP);
  s.says(A, IP6, { router: true });
  t.is(s.macOf(IP), A);
  t.deepEqual([...s.plane.localNeighs(VNI)], [IP, IP6]);
  t.false(s.plane.localNeigh(VNI, IP)?.router);
  t.true(s.plane.localNeigh(VNI, IP6)?.router);
  t.deepEqual(s.changed, [formatIp(IP), formatIp(IP6)]);
  s.says(A, IP);
  t.is(s.changed.length, 2, 'the same word again is no news');
  s.world.kernel.dropBridge(s.devices.bridgeIfindex, 0, A);
  s.clock.runUntilIdle();
  t.is(s.macOf(IP), undefined);
  t.deepEqual(s.changed.slice(2), [formatIp(IP), formatIp(IP6)]);
  t.is(s.plane.hosts.stats().bindings, 0);
});

test('what cannot be a host is refused: own and group addresses, martians, MACs that are elsewhere', async (t) => {
  const s = await scene();
  s.change(withOwn(s.world.kernel.topology, VNI, [B], [parseIp('10.10.10.1')]));
  const refused: [Mac, string][] = [
    [A, '10.10.10.1'],
    [A, '127.0.0.1'],
    [A, '0.0.0.0'],
    [A, '224.0.0.5'],
    [A, '255.255.255.255'],
    [A, '::1'],
    [A, 'ff02::1'],
    [B, '10.10.10.12'],
    [parseMac('01:00:5e:00:00:01'), '10.10.10.12'],
    [parseMac('00:00:00:00:00:00'), '10.10.10.12'],
  ];
  for (const [mac, ip] of refused) {
    s.says(mac, parseIp(ip));
    t.is(s.macOf(parseIp(ip)), undefined, ip);
  }
  t.is(s.plane.hosts.stats().refused, refused.length);
  // Heard on the VXLAN device, it is the fabric's business
  s.says(A, IP, { port: s.devices.vxlanIfindex });
  s.hears(A, IP);
  s.clock.advance(1_000);
  t.is(s.macOf(IP), undefined);
  // In a VLAN of a bridge that knows none
  s.says(A, IP, { tag: 100 });
  t.is(s.macOf(IP), undefined);
});

test('an address that the SVI is given takes back what hosts beside its subnet were heard to have', async (t) => {
  const s = await scene();
  const beside = parseIp('192.0.2.7');
  s.says(A, IP);
  s.says(B, beside);
  t.is(s.macOf(beside), B);
  s.change(
    withOwn(
      s.world.kernel.topology,
      VNI,
      [],
      [parseIp('10.10.10.1')],
      [],
      [{ ip: parseIp('10.10.10.1'), prefixLength: 24 }],
    ),
  );
  t.is(s.macOf(beside), undefined);
  t.is(s.macOf(IP), A);
  s.says(B, beside);
  t.is(s.macOf(beside), undefined);
});

test('a word that is faster than the news of its MAC waits for it, but not for long', async (t) => {
  const s = await scene();
  s.hears(A, IP);
  s.hears(B, IP6);
  t.is(s.macOf(IP), undefined);
  s.world.kernel.learn(s.devices.bridgeIfindex, 0, A, s.devices.accessIfindex);
  s.clock.runUntilIdle();
  t.is(s.macOf(IP), A);
  s.clock.advance(1_000);
  s.world.kernel.learn(s.devices.bridgeIfindex, 0, B, s.devices.accessIfindex);
  s.clock.runUntilIdle();
  t.is(s.macOf(IP6), undefined);
});

test('of neighbor and binding the newer word wins, and one stay has one epoch', async (t) => {
  const s = await scene();
  s.says(A, IP);
  const { epoch } = s.plane.localNeigh(VNI, IP)!;
  s.neigh(A, IP, Nud.STALE);
  t.is(s.plane.localNeigh(VNI, IP)?.epoch, epoch);
  s.says(B, IP);
  t.is(s.macOf(IP), B);
  t.not(s.plane.localNeigh(VNI, IP)?.epoch, epoch);
  // The kernel's row of A only ages: no news
  s.neigh(A, IP, Nud.DELAY);
  t.is(s.macOf(IP), B);
  s.neigh(A, IP, Nud.REACHABLE);
  t.is(s.macOf(IP), A);
  s.neigh(B, IP, Nud.STALE);
  t.is(s.macOf(IP), B);
  // Asked in vain by the kernel: both witnesses are gone
  s.says(B, IP);
  s.neigh(B, IP, Nud.FAILED);
  t.is(s.macOf(IP), undefined);
});

test('what a remote leaf was given is forgotten here, and heard again it is news', async (t) => {
  const s = await scene();
  s.says(A, IP);
  const { epoch } = s.plane.localNeigh(VNI, IP)!;
  s.plane.setNeigh(VNI, IP, B, false, epoch);
  s.clock.runUntilIdle();
  t.is(s.macOf(IP), undefined);
  s.says(A, IP);
  t.is(s.macOf(IP), A);
  t.true(s.plane.localNeigh(VNI, IP)!.epoch > epoch);
});

test('a neighbor of the kernel is asked by the kernel before it expires, nothing else is', async (t) => {
  const s = await scene();
  s.says(A, IP6);
  s.neigh(A, IP, Nud.STALE);
  // A remote host's, as the kernel alone knows it, and a row of ours
  s.neigh(B, parseIp('10.10.10.12'), Nud.STALE);
  s.plane.setNeigh(VNI, parseIp('10.10.10.13'), B, false, 0);
  s.clock.advance(31_000);
  t.deepEqual(s.probes(), [
    { table: 'neigh-probe', verb: 'add', ifindex: s.devices.bridgeIfindex, ip: IP, mac: undefined },
  ]);
  t.is(s.plane.lastRefresh(VNI, parseIp('10.10.10.12')), undefined);
  t.truthy(s.plane.lastRefresh(VNI, IP));
  s.neigh(A, IP, Nud.REACHABLE);
  s.clock.advance(29_000);
  t.is(s.probes().length, 1);
  s.clock.advance(2_000);
  t.is(s.probes().length, 2);
});

test('a neighbor that an operator fixed keeps its state', async (t) => {
  const s = await scene();
  s.world.kernel.learn(s.devices.bridgeIfindex, 0, A, s.devices.accessIfindex);
  s.neigh(A, IP, Nud.PERMANENT);
  s.neigh(A, parseIp('10.10.10.12'), Nud.NOARP);
  s.clock.advance(100_000);
  t.deepEqual(s.probes(), []);
  t.true(s.ears.questions.length >= 4, 'the bridge row is kept all the same');
  t.is(s.macOf(IP), A);
});

test('IPv6 neighbors are left to the kernel only where it has an address to ask from', async (t) => {
  const s = await scene();
  s.world.kernel.learn(s.devices.bridgeIfindex, 0, A, s.devices.accessIfindex);
  s.neigh(A, IP6, Nud.STALE);
  s.clock.advance(31_000);
  t.deepEqual(s.probes(), []);
  t.is(s.ears.questions.length, 1);
  s.change({
    interfaces: withAddresses(s.world.kernel.topology, s.devices.bridgeIfindex, [parseIp('fe80::1')]),
  });
  s.clock.advance(31_000);
  t.is(s.probes().length, 1);
});

test('a host without SVI is asked by us, and is gone after three questions', async (t) => {
  const s = await scene();
  s.says(A, IP);
  while (s.ears.questions.length < 1) s.clock.advance(250);
  t.deepEqual(s.ears.questions[0], {
    port: s.devices.accessIfindex,
    tag: 0,
    mac: A,
    ip: IP,
    source: BRIDGE_MAC,
  });
  s.hears(A, IP);
  s.clock.advance(29_000);
  t.is(s.ears.questions.length, 1);
  s.clock.advance(3_000);
  t.is(s.macOf(IP), A);
  s.clock.advance(3_000);
  t.is(s.ears.questions.length, 4);
  t.is(s.macOf(IP), undefined);
  t.is(s.changed.at(-1), formatIp(IP));
});

test('a host that looks whether its address is free is left in peace', async (t) => {
  const s = await scene();
  s.says(A, IP);
  for (let i = 0; i < 12; i++) {
    s.clock.advance(10_000);
    s.ears.observer?.tentative(s.devices.accessIfindex, 0, IP);
  }
  t.deepEqual(s.ears.questions, []);
});

test("the bridge's ageing time shortens the interval", async (t) => {
  const s = await scene();
  const { bridgeIfindex } = s.devices;
  const bridge = s.world.kernel.topology.bridges.get(bridgeIfindex)!;
  s.change({ bridges: new Map([[bridgeIfindex, { ...bridge, ageingTime: 15_000 }]]) });
  s.says(A, IP);
  for (let i = 0; i < 100; i++) {
    const before = s.ears.questions.length;
    s.clock.advance(500);
    if (s.ears.questions.length > before) s.hears(A, IP);
  }
  t.true(s.ears.questions.length >= 9, String(s.ears.questions.length));
});

test('VLANs: by the tag, or by the PVID of the port, and answered the same way', async (t) => {
  const s = await scene();
  const { kernel } = s.world;
  const { bridgeIfindex, accessIfindex } = s.devices;
  const trunk = 99;
  const at = attachment(VNI, s.devices, VTEP, { vlanAware: true, vlan: 10 });
  const before = withVni(kernel.topology, s.devices, at);
  s.change({
    ...before,
    ports: new Map(before.ports)
      .set(accessIfindex, { role: 'access', bridgeIfindex, name: 'p', pvid: 10, pvidUntagged: true })
      .set(trunk, { role: 'access', bridgeIfindex, name: 't', pvid: 0, pvidUntagged: false }),
    interfaces: withInterfaces(before, trunk),
  });
  kernel.learn(bridgeIfindex, 10, A, accessIfindex);
  kernel.learn(bridgeIfindex, 10, B, trunk);
  s.clock.runUntilIdle();
  s.hears(A, IP);
  s.hears(B, IP6, { port: trunk, tag: 10 });
  s.hears(B, parseIp('10.10.10.99'), { port: trunk });
  t.deepEqual([...s.plane.localNeighs(VNI)], [IP, IP6]);
  s.clock.advance(31_000);
  t.is(s.ears.questions.find((each) => each.ip === IP)?.tag, 0);
  t.is(s.ears.questions.find((each) => each.ip === IP6)?.tag, 10);
});

test('an IP that a MAC should have is asked for until it answers, by us or by the kernel', async (t) => {
  const s = await scene();
  s.world.kernel.learn(s.devices.bridgeIfindex, 0, A, s.devices.accessIfindex);
  s.clock.runUntilIdle();
  s.plane.findNeigh(VNI, IP, A);
  s.plane.findNeigh(VNI, IP, B);
  s.clock.advance(500);
  t.deepEqual(
    s.ears.questions.map(({ mac, ip }) => [mac, ip]),
    [[A, IP]],
  );
  s.clock.advance(10_000);
  t.is(s.ears.questions.length, 3);
  s.plane.findNeigh(VNI, IP, A);
  s.clock.advance(500);
  s.hears(A, IP);
  s.clock.advance(10_000);
  t.is(s.ears.questions.length, 4);

  const deaf = await scene({ snooper: false });
  deaf.world.kernel.learn(deaf.devices.bridgeIfindex, 0, A, deaf.devices.accessIfindex);
  deaf.clock.runUntilIdle();
  deaf.plane.setNeigh(VNI, IP, A, false, 0);
  deaf.clock.runUntilIdle();
  deaf.plane.findNeigh(VNI, IP, A);
  deaf.clock.advance(100);
  t.deepEqual(deaf.probes(), [], 'our own row stands');
  deaf.plane.clearNeigh(VNI, IP);
  deaf.clock.advance(500);
  t.is(deaf.world.kernel.applied.at(-2)?.verb, 'delete');
  t.deepEqual(deaf.probes(), [
    { table: 'neigh-probe', verb: 'add', ifindex: deaf.devices.bridgeIfindex, ip: IP, mac: A },
  ]);
  t.is(deaf.macOf(IP), A);
});

test('a VNI that is served later, or no longer, is watched from then on, or no more', async (t) => {
  const s = await scene();
  s.plane.unserve(VNI);
  s.says(A, IP);
  s.clock.advance(60_000);
  t.deepEqual(s.ears.questions, []);
  t.deepEqual(s.changed, []);
  s.plane.serve(VNI);
  t.deepEqual([...s.plane.localNeighs(VNI)], [IP]);
  s.clock.advance(31_000);
  t.true(s.ears.questions.length > 0);
});

test('a MAC has no more than a thousand addresses, whatever it says', async (t) => {
  const s = await scene();
  for (let i = 0; i < 2_000; i++) s.says(A, parseIp(`10.1.${i >> 8}.${i & 255 || 1}`));
  t.is(s.plane.hosts.stats().bindings, 1024);
  const [problem, ...others] = s.plane.hosts.problems();
  t.deepEqual(others, []);
  t.is(problem?.vni, VNI);
  t.regex(
    problem?.problem ?? '',
    /at the limit of 1024 IPs a MAC; 9\d\d announcements of further ones refused/,
  );
  t.regex(s.plane.hosts.limitFor(VNI, A) ?? '', /at the limit of 1024 IPs a MAC/);
  t.is(s.plane.hosts.limitFor(VNI, B), undefined);
  s.says(B, IP);
  t.is(s.macOf(IP), B);
  s.clock.advance(61_000);
  t.deepEqual([...s.plane.hosts.problems()], [], 'it says no more');
});

/** The bridge forgets the MAC, as a flush makes it. */
function forget(s: Scene, mac: Mac): void {
  s.world.kernel.dropBridge(s.devices.bridgeIfindex, 0, mac);
  s.clock.runUntilIdle();
}

for (const [family, ip] of [
  ['IPv4', IP],
  ['IPv6', IP6],
] as const)
  test(`a host that a flush takes away is asked at its port, by ${family}, and is back when it answers`, async (t) => {
    const s = await scene();
    s.says(A, ip);
    forget(s, A);
    t.is(s.macOf(ip), undefined);
    t.like(s.ears.questions, [{ port: s.devices.accessIfindex, tag: 0, mac: A, ip }]);
    s.says(A, ip);
    t.is(s.macOf(ip), A);
    s.clock.advance(10_000);
    t.is(s.ears.questions.length, 1);
  });

test('a host that is gone is asked three times and left alone', async (t) => {
  const s = await scene();
  s.says(A, IP);
  forget(s, A);
  s.clock.advance(60_000);
  t.is(s.ears.questions.length, 3);
});

test('all addresses of a host are asked for, also when the first answer has brought it back, as fast as the rate allows', async (t) => {
  const s = await scene({ refresh: { ...DEFAULT_REFRESH, rate: 10 } });
  s.says(A, IP);
  s.says(A, IP6);
  s.says(B, parseIp('10.10.10.12'));
  for (const mac of [A, B]) forget(s, mac);
  t.is(s.ears.questions.length, 2);
  s.says(A, IP);
  s.clock.advance(900);
  const asked = new Set(s.ears.questions.map(({ mac, ip }) => `${formatMac(mac)} ${formatIp(ip)}`));
  t.deepEqual(
    asked,
    new Set(
      [A, A, B].map((mac, i) => `${formatMac(mac)} ${['10.10.10.11', '2001:db8::11', '10.10.10.12'][i]}`),
    ),
  );
});

test('no question for a host that went elsewhere, whose port left the bridge, or where nobody is to be asked', async (t) => {
  const moved = await scene();
  moved.says(A, IP);
  moved.world.kernel.learn(moved.devices.bridgeIfindex, 0, A, moved.devices.vxlanIfindex);
  moved.clock.advance(5000);
  t.deepEqual(moved.ears.questions, []);

  const gone = await scene();
  gone.says(A, IP);
  const ports = new Map(gone.world.kernel.topology.ports);
  const port = ports.get(gone.devices.accessIfindex)!;
  ports.set(gone.devices.accessIfindex, { ...port, bridgeIfindex: port.bridgeIfindex + 1000 });
  gone.world.kernel.dropBridge(gone.devices.bridgeIfindex, 0, A);
  gone.change({ ports });
  gone.clock.advance(5000);
  t.deepEqual(gone.ears.questions, []);

  const quiet = await scene({ refresh: { ...DEFAULT_REFRESH, enabled: false } });
  quiet.says(A, IP);
  forget(quiet, A);
  quiet.clock.advance(5000);
  t.deepEqual(quiet.ears.questions, []);
});

test('a host that only the SVI knows is asked too, by the kernel where nothing is snooped', async (t) => {
  const heard = await scene();
  heard.world.kernel.learn(heard.devices.bridgeIfindex, 0, A, heard.devices.accessIfindex);
  heard.neigh(A, IP, Nud.STALE);
  forget(heard, A);
  heard.clock.advance(200);
  t.like(heard.ears.questions, [{ port: heard.devices.accessIfindex, mac: A, ip: IP }]);

  const kernel = await scene({ snooper: false });
  kernel.world.kernel.learn(kernel.devices.bridgeIfindex, 0, A, kernel.devices.accessIfindex);
  kernel.neigh(A, IP, Nud.STALE);
  forget(kernel, A);
  kernel.clock.advance(200);
  t.like(kernel.probes(), [{ verb: 'add', ip: IP }]);
});

for (const enabled of [true, false])
  test(`hosts that come and go leave nobody to be watched, with questions ${enabled ? 'on' : 'off'}`, async (t) => {
    const scene = await new Scene({ refresh: { ...DEFAULT_REFRESH, enabled } }).start();
    for (let n = 0; n < 300; n++) {
      const mac = (Number(A) + n) as Mac;
      const [heard, kernels] = [0x0a0a_0a02 + (n % 100), 0x0a0a_0a80 + (n % 100)] as Ip[];
      scene.says(mac, heard);
      scene.neigh(mac, kernels, Nud.REACHABLE);
      t.is(scene.plane.hosts.stats().watched, 2);
      scene.world.kernel.dropNeigh(scene.devices.bridgeIfindex, kernels);
      scene.world.kernel.dropBridge(scene.devices.bridgeIfindex, 0, mac);
      scene.clock.advance(50);
      t.like(scene.plane.hosts.stats(), { watched: 0, bindings: 0 });
    }
  });

test('a VNI that is served no more has nobody watched, and a bridge that is gone no host', async (t) => {
  const scene = await new Scene().start();
  scene.says(A, IP);
  t.like(scene.plane.hosts.stats(), { watched: 1, bindings: 1 });
  scene.plane.unserve(VNI);
  t.is(scene.plane.hosts.stats().watched, 0);
  // As after lost notifications: nothing was told of its rows
  scene.change({ bridges: new Map() });
  t.is(scene.plane.hosts.stats().bindings, 0);
});
