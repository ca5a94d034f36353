/** A fabric under watch, its guests, and what must be true after whatever happened to them. */
import type { ExecutionContext } from 'ava';
import {
  Fabric,
  type FabricSpec,
  type Family,
  Guest,
  type Host,
  waitFor,
  waitUntilConverged,
} from '../../../lab/index.js';
import { LocalWatch, subjectsOf } from './local-watch.js';
import { hostRows } from './rows.js';

/** What the API says of a MAC. */
export interface MacView {
  origin: 'local' | 'remote';
  vtep: string | null;
  device: string | null;
  sequence: number;
  sticky: boolean;
  ips: string[];
}

/**
 * What FRR says of a MAC; `localSequence` is its own number, `remoteSequence` the one that it heard. Its own number of a
 * remote MAC is none that it announced: where it hears an IP of the MAC before the route with that IP (a neighbor
 * solicitation over VXLAN is enough), it already computes the one after the remote leaf's (docs/interop.md).
 */
export interface FrrMacView {
  type: 'local' | 'remote';
  remoteVtep?: string;
  localSequence: number;
  remoteSequence: number;
  stickyMac?: boolean;
}

const families: readonly Family[] = ['ipv4', 'ipv6'];

export class Scene {
  private readonly guests = new Map<string, Guest>();

  private constructor(
    readonly fabric: Fabric,
    readonly watch: LocalWatch,
  ) {}

  /** Builds the fabric and waits until every host reaches every other, then makes guests of some. */
  static async create(spec: FabricSpec, guests: Record<string, readonly string[]> = {}): Promise<Scene> {
    const fabric = await Fabric.create(spec);
    try {
      const scene = new Scene(fabric, await LocalWatch.start(fabric));
      // At every other leaf a host is a stranger until it moves there.
      for (const host of fabric.plan.hosts)
        for (const { name } of fabric.plan.leaves)
          if (name !== host.leaf) scene.watch.leaves(name, subjectsOf(host));
      for (const [name, leaves] of Object.entries(guests)) {
        const home = fabric.leafOf(name);
        const make = () => Guest.create(fabric, name, leaves);
        scene.guests.set(name, await scene.watch.deleting(home, subjectsOf(fabric.host(name)), make));
      }
      await waitUntilConverged(fabric);
      return scene;
    } catch (error) {
      await fabric.remove();
      throw error;
    }
  }

  async remove(): Promise<void> {
    await this.watch.stop();
    await this.fabric.remove();
  }

  guest(name: string): Guest {
    const guest = this.guests.get(name);
    if (!guest) throw new Error(`${name} is no guest`);
    return guest;
  }

  /** Moves a guest and tells the watch. */
  async move(name: string, to: string, options: { silent?: boolean } = {}): Promise<void> {
    const subjects = subjectsOf(this.fabric.host(name));
    this.watch.leaves(this.fabric.leafOf(name), subjects);
    this.watch.arrives(to, subjects);
    await this.guest(name).moveTo(to, options);
  }

  /** The host talks to the SVI of its leaf in both families once, as any host does to its gateway. */
  async talk(name: string): Promise<void> {
    const { vni } = this.fabric.host(name);
    const svi = this.fabric.leaf(this.fabric.leafOf(name)).segments.find((each) => each.vni === vni);
    await Promise.all(
      families.map((family) => this.fabric.ping(name, svi?.sviAddress[family] ?? '', { count: 1, wait: 1 })),
    );
  }

  async ourMac(leaf: string, host: Pick<Host, 'vni' | 'mac'>): Promise<MacView | undefined> {
    interface List {
      items: (MacView & { mac: string })[];
    }
    const { body } = await this.fabric.restApi<List>(leaf, `/api/v1/vnis/${host.vni}/macs?limit=1000`);
    return body.items.find(({ mac }) => mac === host.mac);
  }

  async frrMac(leaf: string, host: Pick<Host, 'vni' | 'mac'>): Promise<FrrMacView> {
    const command = `show evpn mac vni ${host.vni} mac ${host.mac} json`;
    const answer = await this.fabric.vtyshJson<Record<string, FrrMacView>>(leaf, command);
    const entry = Object.values(answer)[0];
    return typeof entry === 'object' ? entry : (answer as unknown as FrrMacView);
  }

  /** The sequence number that a leaf counts for the MAC, whoever has it. */
  async sequence(leaf: string, host: Pick<Host, 'vni' | 'mac'>): Promise<number | undefined> {
    if (this.fabric.leaf(leaf).engine === 'evpnd') return (await this.ourMac(leaf, host))?.sequence;
    const { type, localSequence, remoteSequence } = await this.frrMac(leaf, host);
    return type === 'local' ? localSequence : remoteSequence;
  }

  /** Waits until every leaf counts this number for the MAC. */
  async sequenceIs(host: Pick<Host, 'vni' | 'mac'>, expected: number): Promise<void> {
    for (const { name } of this.fabric.plan.leaves)
      await waitFor(
        async () => {
          const now = await this.sequence(name, host);
          if (now !== expected) throw new Error(`${now}`);
          return true;
        },
        { what: `sequence ${expected} of ${host.mac} on ${name}`, timeout: 8_000 },
      );
  }

  /** Nothing is right yet where an empty list is not what comes back. */
  private async wrongRows(name: string, leaves: readonly string[]): Promise<string[]> {
    const host = this.fabric.host(name);
    const home = this.fabric.leafOf(name);
    const wrong: string[] = [];
    for (const leaf of leaves.map((each) => this.fabric.leaf(each))) {
      const s = leaf.segments.find(({ vni }) => vni === host.vni);
      const remote = hostRows(leaf, host, this.fabric.leaf(home).vtep);
      const installed = await this.fabric.installedRows(leaf.name);
      const about = installed.filter(
        (row) => row.includes(host.mac) || Object.values(host.address).some((ip) => row.includes(` ${ip} `)),
      );
      if (leaf.name !== home) {
        for (const row of remote) if (!about.includes(row)) wrong.push(`${leaf.name} lacks ${row}`);
        for (const row of about)
          if (!remote.includes(row) && !row.includes(' fe80:')) wrong.push(`${leaf.name} has ${row}`);
        continue;
      }
      // FRR leaves the VXLAN device's row of a host that came home; the bridge's row alone says where frames go.
      const left = leaf.engine === 'frr' ? `fdb ${s?.vxlan} ${host.mac} self ` : undefined;
      for (const row of about)
        if (!row.includes(' fe80:') && !(left && row.startsWith(left)))
          wrong.push(`${leaf.name}, its home, has ${row}`);
      const local = (await this.fabric.bridgeFdb(leaf.name)).filter(
        (row) => row.mac === host.mac && row.master === s?.bridge,
      );
      if (local[0]?.ifname !== host.port) wrong.push(`${leaf.name} lacks the FDB row on ${host.port}`);
      const neighbors = await this.fabric.neigh(leaf.name);
      for (const ip of Object.values(host.address)) {
        const row = neighbors.find(({ dst, dev }) => dst === ip && dev === s?.svi);
        if (row?.lladdr !== host.mac || 'extern_learn' in row)
          wrong.push(`${leaf.name} lacks neighbor ${ip}`);
      }
    }
    return wrong;
  }

  /**
   * Waits until the kernel of every leaf (or of these) holds the host where it is, then pings it from other hosts and lets
   * it ping them, in both families: all must be answered.
   */
  async isRight(
    t: ExecutionContext,
    name: string,
    partners: readonly string[],
    leaves = this.fabric.plan.leaves.map((leaf) => leaf.name),
  ): Promise<void> {
    await waitFor(
      async () => {
        await this.talk(name);
        const wrong = await this.wrongRows(name, leaves);
        if (wrong.length > 0) throw new Error(wrong.join('\n'));
        return true;
      },
      { what: `right rows of ${name}`, timeout: 12_000, interval: 50 },
    );
    t.deepEqual(await this.lostPings(name, partners), []);
  }

  /** Pings between the host and others, both ways in both families, a line for each pair that lost one. */
  async lostPings(name: string, partners: readonly string[]): Promise<string[]> {
    const lost: string[] = [];
    const both = async (a: string, b: string, family: Family) => {
      for (const [from, to] of [
        [a, b],
        [b, a],
      ]) {
        const { sent, received } = await this.fabric.ping(from, to, { count: 2, interval: 0.05, family });
        if (received !== sent) lost.push(`${from} to ${to} over ${family}: ${received} of ${sent}`);
      }
    };
    await Promise.all(partners.flatMap((partner) => families.map((family) => both(partner, name, family))));
    return lost;
  }

  /** The watch has seen rows, and none was taken from a local host. */
  async nothingLocalWasDeleted(t: ExecutionContext): Promise<void> {
    for (const leaf of this.fabric.plan.leaves)
      if (leaf.engine === 'evpnd') t.true(this.watch.seen(leaf.name) > 0, `${leaf.name} was watched`);
    t.deepEqual(await this.watch.faults(), []);
  }
}
