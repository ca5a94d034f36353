import type { ExecutionContext } from 'ava';
import type { PathSource } from '../../../src/bgp/index.js';
import { DataPlane, type Interface } from '../../../src/dataplane/index.js';
import { watchHosts } from '../../../src/hosts/index.js';
import {
  formatIp,
  formatPrefix,
  needsZone,
  parseIp,
  parsePrefix,
  parsePrefixRule,
  prefixAddress,
  prefixLength,
  silentLog,
} from '../../../src/types/index.js';
import { Underlay, type UnderlaySettings, UnicastRibs } from '../../../src/underlay/index.js';
import type { PathAttributes } from '../../../src/wire/index.js';
import { MemoryKernel } from '../../doubles/memory-kernel.js';
import { pathAttributes } from '../../support/path-attributes.js';
import { VirtualClock } from '../../support/virtual-clock.js';

export const SETTINGS: UnderlaySettings = {
  networks: [],
  redistributeConnected: [],
  accept: ['0.0.0.0/0 le 32', '::/0 le 128'].map(parsePrefixRule),
  resolveViaDefault: false,
};
export const spine = (n: number): PathSource => ({ neighbor: `10.1.${n}.0`, routerId: n, internal: false });

const LINK_LOCAL = pathAttributes({ nextHop: parseIp('fe80::1') });
export const nlri = (text: string) => {
  const prefix = parsePrefix(text);
  return { type: 0 as const, prefix: prefixAddress(prefix), prefixLength: prefixLength(prefix) };
};

/** A leaf with two uplinks and links without addresses, whose kernel is in memory. */
export async function leaf(settings = SETTINGS, maximumPaths = 8) {
  const clock = new VirtualClock();
  const kernel = new MemoryKernel(clock);
  const dataPlane = new DataPlane(kernel, clock, silentLog, {
    hosts: watchHosts(),
    routes: { tableId: 254, metric: 20 },
  });
  const ribs = new UnicastRibs(
    clock,
    { asn: 65001, routerId: 1 },
    {
      external: maximumPaths,
      internal: maximumPaths,
      isRelaxed: true,
    },
  );
  const underlay = new Underlay(ribs, dataPlane.routes!, clock, settings);
  dataPlane.onTopology = (topology) => underlay.topologyChanged(topology);
  await dataPlane.start({
    topologyChanged() {},
    localMacChanged() {},
    localNeighChanged() {},
    intruderHeard() {},
  });
  const interfaces = new Map<number, Interface>();
  const device = (ifindex: number, text: string, running = true, vrf?: number) => {
    const [ip, length] = text.split('/');
    interfaces.set(ifindex, {
      name: `up${ifindex}`,
      running,
      addresses: [{ ip: parseIp(ip), prefixLength: Number(length), peer: undefined, state: 'usable' }],
      ...(vrf !== undefined && { vrf }),
    });
    kernel.setTopology({ ...kernel.topology, interfaces: new Map(interfaces) });
  };
  device(1, '10.0.0.1/32');
  device(4, 'fe80::4/64');
  device(5, 'fe80::5/64');
  device(2, '10.1.1.1/31');
  device(3, '10.1.2.1/31');
  const rest = async () => {
    for (let turn = 0; turn < 30; turn++) {
      clock.advance(10);
      await Promise.resolve();
    }
  };
  const tell = (
    from: number,
    prefixes: readonly string[],
    nextHop = `10.1.${from}.0`,
    attributes: Partial<PathAttributes> = {},
  ) =>
    (nextHop.includes(':') && prefixes[0].includes(':') ? ribs.ipv6 : ribs.ipv4).update(spine(from), {
      withdrawn: [],
      attributes: pathAttributes({ nextHop: parseIp(nextHop), ...attributes }),
      reachable: prefixes.map(nlri),
    } as never);
  /** The neighbor fe80::1 on the link says that the prefixes are behind it, or are no more. */
  const onLink = (device: string, prefixes: readonly string[], stands = true) =>
    ribs.ipv6.update({ neighbor: `fe80::1%${device}`, routerId: 7, internal: false }, {
      withdrawn: stands ? [] : prefixes.map(nlri),
      attributes: stands ? LINK_LOCAL : undefined,
      reachable: stands ? prefixes.map(nlri) : [],
    } as never);
  const withdraw = (from: number, prefixes: readonly string[]) =>
    ribs.ipv4.update(spine(from), {
      withdrawn: prefixes.map(nlri),
      attributes: undefined,
      reachable: [],
    } as never);
  const { routes } = kernel.tables;
  const installed = () =>
    [...routes.routes()]
      .map(
        ({ prefix, nexthopId }) =>
          `${formatPrefix(prefix)} ${(routes.nexthop(nexthopId)?.members ?? [])
            .map((id) => {
              const { gateway = parseIp('0.0.0.0'), ifindex } = routes.nexthop(id) ?? {};
              return needsZone(gateway) ? `${formatIp(gateway)}%${ifindex}` : formatIp(gateway);
            })
            .sort()
            .join()}`,
      )
      .sort();
  const announced = () => [...underlay.originator.announced].map(formatPrefix).sort();
  return { clock, kernel, ribs, underlay, device, rest, tell, onLink, withdraw, installed, announced };
}

/** The routes that the kernel has in the end. */
export async function has(
  t: ExecutionContext,
  { rest, installed }: Awaited<ReturnType<typeof leaf>>,
  ...routes: string[]
) {
  await rest();
  t.deepEqual(installed(), routes);
}
