/**
 * A guest behind hypervisors: a host of the fabric with a link to several leaves, of which one carries. It moves as a
 * live migration does, while the ports of both leaves stay up, so that the old leaf hears of it from the new one alone.
 */
import type { Fabric } from './fabric.js';
import { hostSetup, portSetup } from './kernel-setup.js';
import { waitFor } from './wait.js';

const uplink = (leaf: string) => `to-${leaf}`;

export class Guest {
  private constructor(
    private readonly fabric: Fabric,
    /** The host's name in the plan. */
    readonly name: string,
  ) {}

  /** Turns a host into a guest that can be at each of these leaves; it stays where it is. */
  static async create(fabric: Fabric, name: string, leaves: readonly string[]): Promise<Guest> {
    const host = fabric.host(name);
    const home = fabric.leafOf(name);
    // Without ARP and addresses of its own, an uplink that does not carry says nothing to its leaf.
    const quiet = (device: string) => [
      `link set ${device} arp off addrgenmode none`,
      `link set ${device} up`,
    ];
    await fabric.apply(name, {
      ip: [
        'link set eth0 down',
        `link set eth0 name ${uplink(home)}`,
        `addr flush dev ${uplink(home)}`,
        `link set ${uplink(home)} address ${host.mac.replace(/^02/, '06')}`,
        ...quiet(uplink(home)),
        `link add eth0 address ${host.mac} mtu 1500 type bridge mcast_snooping 0`,
        // A port that always stands, so that eth0 never loses its carrier, which the kernel gives back a second later.
        'link add keep0 type veth peer name keep1',
        ...['keep0', 'keep1'].flatMap(quiet),
        'link set keep0 master eth0',
        `link set ${uplink(home)} master eth0`,
        ...hostSetup(host, fabric.leaf(home)).ip,
      ],
      bridge: [],
    });
    for (const other of leaves.filter((leaf) => leaf !== home)) {
      const port = portSetup(fabric.leaf(other), host);
      const link = `link add ${host.port} mtu 1500 type veth peer name ${uplink(other)} netns ${fabric.namespace(name)} mtu 1500`;
      await fabric.apply(other, { ...port, ip: [link, ...port.ip] });
      await fabric.apply(name, { ip: quiet(uplink(other)), bridge: [] });
    }
    await waitFor(
      async () => (await fabric.exec(name, 'ip', '-brief', 'link', 'show', 'eth0')).stdout.includes(' UP '),
      { what: `carrier of ${name}` },
    );
    return new Guest(fabric, name);
  }

  /** Moves it: from then on its frames go to `leaf`. Unless `silent`, it then announces itself. */
  async moveTo(leaf: string, options: { silent?: boolean } = {}): Promise<void> {
    const from = this.fabric.leafOf(this.name);
    if (from === leaf) return;
    await this.fabric.apply(this.name, {
      ip: [`link set ${uplink(from)} nomaster`, `link set ${uplink(leaf)} master eth0`],
      bridge: [],
    });
    this.fabric.placeHost(this.name, leaf);
    if (!options.silent) await this.fabric.announceHost(this.name);
  }

  /** Takes it off every leaf, or puts it back to where it was: a guest that another hypervisor runs meanwhile. */
  async attach(attached: boolean): Promise<void> {
    const words = attached ? 'master eth0' : 'nomaster';
    const link = `link set ${uplink(this.fabric.leafOf(this.name))} ${words}`;
    await this.fabric.apply(this.name, { ip: [link], bridge: [] });
  }
}
