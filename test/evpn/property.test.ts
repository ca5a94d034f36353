import test from 'ava';
import { Ntf, Nud, type Operation } from '../../src/dataplane/index.js';
import {
  formatIp,
  formatMac,
  type Ip,
  MAC_ZERO,
  type Mac,
  parseIp,
  parseMac,
  toVni,
} from '../../src/types/index.js';
import type { VniDevices } from '../dataplane/kernel-contract.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { Leaf, vtepOf, Wire } from './support/leaf.js';
import { type Random, random } from './support/random.js';

/*
 * Random lives of a small fabric: hosts speak, move, age and take IPs, devices go down, vanish and come back, kernels
 * fail, lose notifications and are tampered with, routes arrive late. Then the faults end, every host speaks where it
 * is, all is delivered, and each kernel must hold what the end state alone says, computed here without the product's
 * code. EVPND_SEED=n repeats one life; EVPND_RUNS sets their number, which `npm test` does to live 10,000.
 */

const VNI = toVni(10010);
const MACS = ['02:00:00:00:00:01', '02:00:00:00:00:02', '02:00:00:00:00:03'].map(parseMac);
const IPS = ['10.10.10.1', '10.10.10.2', '2001:db8::3'].map(parseIp);
const FOREIGN = parseIp('10.99.99.99');
const STEPS = 40;
const HOW_LAUNCHED = ['not', 'at-once', 'late'] as const;

interface Host {
  readonly mac: Mac;
  readonly ip: Ip;
  /** The leaf that it is behind, undefined while it is off. */
  at: number | undefined;
}

class Life {
  readonly clock = new VirtualClock();
  readonly leaves: Leaf[];
  readonly devices: VniDevices[];
  readonly up: boolean[];
  readonly hosts: Host[] = MACS.map((mac, i) => ({ mac, ip: IPS[i], at: undefined }));
  readonly wire: Wire;
  readonly story: string[] = [];
  readonly crimes: string[] = [];
  /** Few enough that no host comes to look like a duplicate (RFC 7432 §15.1). */
  races = 2;

  constructor(readonly random: Random) {
    // Batches of a few operations follow one another in flights, as thousands do of those of the usual size
    const dataPlane = random.below(2) === 0 ? {} : { batch: 8 };
    this.leaves = [1, 2, 3].map((n) => new Leaf(this.clock, vtepOf(n), 65000 + n, {}, undefined, dataPlane));
    this.devices = this.leaves.map((leaf) => leaf.world.devices(VNI));
    this.up = this.leaves.map(() => true);
    this.wire = new Wire(this.leaves);
  }

  async begin(): Promise<void> {
    for (const [i, leaf] of this.leaves.entries()) {
      leaf.world.kernel.fault = (operation) => this.watch(i, operation);
      leaf.world.kernel.hidesEchoes = this.random.below(2) === 0;
      leaf.world.kernel.launches = () => HOW_LAUNCHED[this.random.below(3)];
      leaf.addVni(this.devices[i]);
      await leaf.start();
    }
  }

  /** One event of the many. */
  step(): void {
    const leaf = this.random.below(this.leaves.length);
    const host = this.hosts[this.random.below(this.hosts.length)];
    const events: readonly (readonly [string, () => void])[] = [
      ['host appears or moves', () => this.place(host, leaf)],
      ['host appears or moves', () => this.place(host, leaf)],
      ['host leaves', () => this.place(host, undefined)],
      ['host speaks', () => this.speak(host)],
      ['row ages', () => this.leaves[leaf].hostAges(this.devices[leaf], host.mac)],
      ['neighbor expires', () => this.forgetNeigh(leaf, host.ip)],
      ['device down or up', () => this.flap(leaf)],
      ['device vanishes or comes', () => this.vanish(leaf)],
      ['kernel fails', () => this.fail(leaf)],
      ['notifications lost', () => this.leaves[leaf].world.kernel.overrun()],
      ['row deleted', () => this.deleteRow(leaf, host.mac)],
      ['row overwritten', () => this.overwrite(leaf, host.mac)],
      ['flood deleted', () => this.deleteFlood(leaf)],
      ['sweep', () => this.leaves[leaf].dataPlane.sweep()],
      ['delivery', () => this.deliver()],
      ['delivery', () => this.deliver()],
      ['turn', () => this.clock.runTurn()],
      ['time', () => this.clock.advance(this.random.below(2000))],
    ];
    const [name, happen] = events[this.random.below(events.length)];
    this.story.push(`${name} (leaf ${leaf + 1}, host ${formatMac(host.mac)})`);
    happen();
  }

  /** The faults end; everyone is heard. */
  end(): void {
    for (const [i, leaf] of this.leaves.entries()) {
      this.races = 0;
      leaf.world.kernel.fault = (operation) => this.watch(i, operation);
      leaf.dataPlane.sweep();
      if (leaf.world.kernel.topology.vnis.size === 0) this.vanish(i);
      if (!this.up[i]) this.flap(i);
    }
    this.wire.quiesce(this.clock);
    // Rows of hosts that left by themselves age out
    for (const host of this.hosts)
      for (const [i, leaf] of this.leaves.entries())
        if (host.at !== i) {
          leaf.hostAges(this.devices[i], host.mac);
          this.expire(i, host.ip);
        }
    this.wire.quiesce(this.clock);
    for (let round = 0; round < 2; round++) {
      for (const host of this.hosts) this.speak(host);
      this.wire.quiesce(this.clock);
    }
  }

  /** Between the decision and the write of a row, now and then, its host speaks, and nobody could hear it in time. */
  race(i: number, operation: Operation): void {
    const host = this.hosts.find(({ mac }) => 'mac' in operation && mac === operation.mac);
    if (!host || this.races === 0 || this.random.below(10) > 0) return;
    this.races--;
    this.story.push(`host speaks unheard (leaf ${i + 1}, host ${formatMac(host.mac)})`);
    this.place(host, i);
  }

  /** No operation of evpnd may ever delete a row that the kernel has of a local host. */
  watch(i: number, operation: Operation): number {
    if (operation.verb !== 'delete') {
      this.race(i, operation);
      return 0;
    }
    const { tables } = this.leaves[i].world.kernel;
    const { bridgeIfindex } = this.devices[i];
    const row =
      operation.table === 'neigh'
        ? tables.neighRow(operation.ifindex, operation.ip)
        : operation.table === 'bridge'
          ? tables.bridgeRow(bridgeIfindex, operation.vlan, operation.mac)
          : undefined;
    // Through another port than the row's a delete finds nothing
    const hit = row && (!('port' in row) || ('port' in operation && row.port === operation.port));
    if (hit && (row.flags & Ntf.EXT_LEARNED) === 0)
      this.crimes.push(`leaf ${i + 1} deletes a local row: ${JSON.stringify(operation)}`);
    this.race(i, operation);
    return 0;
  }

  /** What each kernel must hold, from where the hosts are and nothing else. */
  faults(): string[] {
    const found: string[] = [...this.crimes];
    const check = (what: string, is: unknown, must: unknown) => {
      if (is !== must) found.push(`${what}: is ${String(is)}, must be ${String(must)}`);
    };
    const text = (ip: Ip | undefined) => (ip === undefined ? 'none' : formatIp(ip));
    for (const [i, leaf] of this.leaves.entries()) {
      const { tables } = leaf.world.kernel;
      const { bridgeIfindex, vxlanIfindex, accessIfindex } = this.devices[i];
      for (const { mac, ip, at } of this.hosts) {
        const name = `leaf ${i + 1} ${formatMac(mac)}`;
        const here = at === i;
        const there = at !== undefined && !here;
        const port = here ? accessIfindex : there ? vxlanIfindex : undefined;
        const vtep = there ? vtepOf(at + 1) : undefined;
        check(`${name} bridge row's port`, tables.bridgeRow(bridgeIfindex, 0, mac)?.port, port);
        check(`${name} vxlan row`, text(tables.vxlanRow(vxlanIfindex, 0, mac)?.dst), text(vtep));
        const neigh = tables.neighRow(bridgeIfindex, ip);
        check(`${name} neighbor's MAC`, neigh?.mac, at === undefined ? undefined : mac);
        if (neigh) check(`${name} neighbor is ours`, (neigh.flags & Ntf.EXT_LEARNED) !== 0, there);
      }
      check(`leaf ${i + 1} open drifts`, leaf.dataPlane.drift.openCount, 0);
      for (const [j] of this.leaves.entries())
        check(
          `leaf ${i + 1} flood to ${j + 1}`,
          tables.defaultRow(vxlanIfindex, 0, vtepOf(j + 1)) !== undefined,
          i !== j,
        );
      const extra = [...tables.vxlanRowsOfDevice(vxlanIfindex)].filter(
        (row) => row.mac !== MAC_ZERO && !MACS.includes(row.mac),
      );
      check(`leaf ${i + 1} rows of nobody`, extra.length, 0);
    }
    return found;
  }

  place(host: Host, leaf: number | undefined): void {
    host.at = leaf;
    this.speak(host);
  }

  /** A frame of the host: the bridge learns the MAC, the SVI the IP (unless a NOARP row of ours stands there). */
  speak({ mac, ip, at }: Host): void {
    if (at === undefined || this.leaves[at].world.kernel.topology.vnis.size === 0 || !this.up[at]) return;
    const leaf = this.leaves[at];
    leaf.hostSpeaks(this.devices[at], mac);
    const ifindex = this.devices[at].bridgeIfindex;
    const row = leaf.world.kernel.tables.neighRow(ifindex, ip);
    if (!row || (row.state & Nud.NOARP) === 0)
      leaf.world.kernel.putNeigh({ ifindex, ip, mac, state: Nud.REACHABLE, flags: 0, protocol: 0 });
  }

  expire(leaf: number, ip: Ip): void {
    const { kernel } = this.leaves[leaf].world;
    const { bridgeIfindex } = this.devices[leaf];
    const row = kernel.tables.neighRow(bridgeIfindex, ip);
    if (row && (row.flags & Ntf.EXT_LEARNED) === 0) kernel.dropNeigh(bridgeIfindex, ip);
  }

  forgetNeigh(leaf: number, ip: Ip): void {
    this.leaves[leaf].world.kernel.dropNeigh(this.devices[leaf].bridgeIfindex, ip);
  }

  flap(i: number): void {
    if (this.leaves[i].world.kernel.topology.vnis.size === 0) return;
    this.up[i] = !this.up[i];
    this.leaves[i].addVni(this.devices[i], { up: this.up[i] });
  }

  vanish(i: number): void {
    const leaf = this.leaves[i];
    if (leaf.world.kernel.topology.vnis.size > 0) leaf.removeVni(this.devices[i]);
    else {
      // New devices have new numbers, now and then
      if (this.random.below(2) === 0) this.devices[i] = leaf.world.devices(VNI);
      this.up[i] = true;
      leaf.addVni(this.devices[i]);
    }
  }

  fail(i: number): void {
    const errno = [105, 12, 19, 1, 0, 0][this.random.below(6)];
    const odds = this.random.below(4);
    // A device that stands never fails a delete with ENODEV
    this.leaves[i].world.kernel.fault = (operation) => {
      this.watch(i, operation);
      return this.random.below(4) < odds ? (operation.verb === 'delete' && errno === 19 ? 12 : errno) : 0;
    };
  }

  deleteRow(i: number, mac: Mac): void {
    const { kernel } = this.leaves[i].world;
    if (this.random.below(2) === 0) kernel.dropVxlan(this.devices[i].vxlanIfindex, 0, mac, undefined);
    else kernel.dropBridge(this.devices[i].bridgeIfindex, 0, mac);
  }

  overwrite(i: number, mac: Mac): void {
    const { kernel } = this.leaves[i].world;
    const { vxlanIfindex } = this.devices[i];
    if (kernel.tables.vxlanRow(vxlanIfindex, 0, mac))
      kernel.putVxlan({
        ifindex: vxlanIfindex,
        srcVni: 0,
        mac,
        dst: FOREIGN,
        nexthopId: 0,
        state: Nud.REACHABLE,
        flags: Ntf.SELF | Ntf.EXT_LEARNED,
      });
  }

  deleteFlood(i: number): void {
    const to = vtepOf(this.random.below(this.leaves.length) + 1);
    this.leaves[i].world.kernel.dropVxlan(this.devices[i].vxlanIfindex, 0, MAC_ZERO, to);
  }

  deliver(): void {
    const from = this.random.below(this.leaves.length);
    const to = this.random.below(this.leaves.length);
    if (from !== to) this.wire.deliver(this.leaves[from], this.leaves[to]);
  }
}

async function live(seed: number): Promise<{ faults: string[]; story: string[] }> {
  const life = new Life(random(seed));
  await life.begin();
  for (let step = 0; step < STEPS; step++) life.step();
  life.end();
  return { faults: life.faults(), story: life.story };
}

test('whatever happened, the kernels hold what the end state alone says', async (t) => {
  t.timeout(1_200_000);
  const only = process.env.EVPND_SEED;
  const first = only === undefined ? 1 : Number(only);
  const runs = only === undefined ? Number(process.env.EVPND_RUNS ?? 1_500) : 1;
  for (let seed = first; seed < first + runs; seed++) {
    let outcome: { faults: string[]; story: string[] };
    try {
      outcome = await live(seed);
    } catch (error) {
      t.fail(`seed ${seed}: ${(error as Error).stack}`);
      return;
    }
    if (outcome.faults.length > 0) {
      t.fail(`seed ${seed}:\n${outcome.faults.join('\n')}\nafter\n${outcome.story.join('\n')}`);
      return;
    }
  }
  t.pass();
});
