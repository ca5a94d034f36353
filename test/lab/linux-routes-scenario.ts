import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kernel } from '../../src/dataplane/index.js';
import { LinuxKernel } from '../../src/linux/index.js';
import { formatPrefix, type PrefixKey, parseIp, prefixKey, silentLog } from '../../src/types/index.js';
import { Recorder } from '../dataplane/recorder.js';
import {
  type ForeignRoute,
  hopText,
  type RouteWorld,
  routeContract,
  type UplinkDevice,
} from '../dataplane/route-contract.js';
import { batch, ifindex, json, run } from './linux-commands.js';
import { runCases } from './linux-namespace.js';
import { MAIN_TABLE } from './support/route-cases.js';

const OURS = 69;
const made = new Map<UplinkDevice, string>();

const kernelOfRoutes = () => new LinuxKernel({ log: silentLog, routes: true });
const family = (prefix: PrefixKey) => (typeof prefix === 'number' ? 'ip -4' : 'ip -6');

/** What `ip -j nexthop` prints of one. */
interface ShownNexthop {
  readonly id: number;
  readonly gateway?: string;
  readonly dev?: string;
  readonly protocol?: string;
  readonly group?: readonly { readonly id: number }[];
}

/** A RouteWorld on the network namespace that this process is in; the foreigner is iproute2. */
class LinuxRouteWorld implements RouteWorld {
  kernel: Kernel = kernelOfRoutes();

  restarted(): Kernel {
    this.kernel = kernelOfRoutes();
    return this.kernel;
  }

  async addUplink(): Promise<UplinkDevice> {
    const n = made.size + 1;
    const name = `up${n}`;
    batch('ip', [
      'link set lo up',
      `link add ${name} type veth peer name ${name}p`,
      `link set ${name} up`,
      `link set ${name}p up`,
      `addr add 10.255.${n}.1/24 dev ${name}`,
      `addr add 2001:db8:ff::${n}/127 dev ${name} nodad`,
    ]);
    const uplink = {
      ifindex: ifindex(name),
      gateway: parseIp(`10.255.${n}.2`),
      gateway6: parseIp(`fe80::${n}`),
    };
    made.set(uplink, name);
    return uplink;
  }

  async setCarrier(uplink: UplinkDevice, on: boolean): Promise<void> {
    run(`ip link set ${made.get(uplink)}p ${on ? 'up' : 'down'}`);
  }

  async deleteUplink(uplink: UplinkDevice): Promise<void> {
    run(`ip link del ${made.get(uplink)}`);
  }

  async addNexthop(id: number, uplink: UplinkDevice): Promise<void> {
    run(`ip nexthop add id ${id} dev ${made.get(uplink)} protocol static`);
  }

  async deleteNexthop(id: number): Promise<void> {
    run(`ip nexthop del id ${id}`);
  }

  async replaceRoute({ prefix, metric }: ForeignRoute, uplink: UplinkDevice): Promise<void> {
    run(
      `${family(prefix)} route replace ${formatPrefix(prefix)} dev ${made.get(uplink)} metric ${metric} proto static`,
    );
  }

  async deleteRoute({ prefix, metric }: ForeignRoute): Promise<void> {
    run(`${family(prefix)} route del ${formatPrefix(prefix)} metric ${metric}`);
  }

  async routes(): Promise<string[]> {
    const nexthops = new Map(json('ip -j nexthop').map((each: ShownNexthop) => [each.id, each]));
    const known = new Map<number, string[]>();
    const hopsOf = (id: number) => {
      const hops =
        known.get(id) ??
        (nexthops.get(id)?.group ?? []).map((member) => {
          const { gateway = '0.0.0.0', dev = '' } = nexthops.get(member.id) ?? {};
          return hopText({ gateway: parseIp(gateway), ifindex: ifindex(dev) });
        });
      known.set(id, hops);
      return hops;
    };
    return ['ip -4', 'ip -6']
      .flatMap((command) => json(`${command} -j route show table all proto ${OURS}`))
      .map(({ dst, metric, nhid }) => {
        const [address, length = command4(dst)] = dst === 'default' ? ['0.0.0.0', '0'] : dst.split('/');
        return [`${prefixKey(parseIp(address), Number(length))}`, metric, ...[...hopsOf(nhid)].sort()].join(
          ' ',
        );
      })
      .sort();
  }

  async countForeign({ prefix, metric }: ForeignRoute): Promise<number> {
    return json(`${family(prefix)} -j route show exact ${formatPrefix(prefix)} proto static`).filter(
      (route) => route.metric === metric,
    ).length;
  }

  async nexthopIds(): Promise<number[]> {
    return json(`ip -j nexthop show proto ${OURS}`)
      .map(({ id }: ShownNexthop) => id)
      .sort((a, b) => a - b);
  }

  async settle(): Promise<void> {
    await sleep(5);
  }

  async close(): Promise<void> {
    this.kernel.close();
    batch(
      'ip',
      [...made.values()].map((name) => `link del ${name}`),
      true,
    );
    made.clear();
    batch('ip', ['nexthop flush'], true);
  }
}

/** The length of a prefix that is shown without: a host's. */
function command4(address: string): string {
  return typeof parseIp(address) === 'number' ? '32' : '128';
}

/** Where nobody asks for others' routes, a table of a million of them costs nothing; those of VRFs are heard all the same. */
async function mainTableIsNotHeard(): Promise<void> {
  const kernel = new LinuxKernel({ log: silentLog, routes: true, otherRoutes: false });
  try {
    await kernel.start(new Recorder(), new Recorder());
    batch('ip', ['link set lo up']);
    await kernel.caughtUp();
    const before = kernel.stats().notifications;
    const routes = (table: string) =>
      Array.from({ length: 100 }, (_, n) => `route add 198.51.${n}.0/24 dev lo ${table} proto static`);
    batch('ip', routes('table main'));
    await kernel.caughtUp();
    assert.equal(kernel.stats().notifications, before);
    batch('ip', routes('table 1001'));
    await kernel.caughtUp();
    assert.equal(kernel.stats().notifications, before + 100);
    batch('ip', ['route flush table main proto static', 'route flush table 1001']);
  } finally {
    kernel.close();
  }
}

await runCases([
  ...routeContract.map(({ name, run: runCase }) => ({
    name,
    async run() {
      const world = new LinuxRouteWorld();
      try {
        await runCase(world);
      } finally {
        await world.close();
      }
    },
  })),
  { name: MAIN_TABLE, run: mainTableIsNotHeard },
]);
