import type { FastifyInstance } from 'fastify';
import type { Configuration } from '../../../src/api/index.js';
import { createApi } from '../../../src/api/index.js';
import type { Path } from '../../../src/bgp/index.js';
import {
  ESI_ZERO,
  type Esi,
  type Ip,
  type Ipv4,
  type Log,
  parseIp,
  parseMac,
  parsePrefix,
  RouteDistinguisher,
  routeTargetOfAs2,
  silentLog,
  toVni,
} from '../../../src/types/index.js';
import {
  AsPathSegmentType,
  type EvpnNlri,
  ExtendedCommunity,
  type PathAttributes,
  RouteType,
} from '../../../src/wire/index.js';
import { pathAttributes } from '../../support/path-attributes.js';
import { MemoryConfiguration } from './memory-configuration.js';
import { MemoryCommands, MemoryReadModel } from './memory-read-model.js';
import * as samples from './samples.js';

const OWN_RD = RouteDistinguisher.ofRouterId(parseIp('10.0.0.1') as Ipv4, 10);
const REMOTE_RD = RouteDistinguisher.ofRouterId(parseIp('10.0.0.2') as Ipv4, 10);

function attributes(changes: Partial<PathAttributes> = {}): PathAttributes {
  const routeTarget = routeTargetOfAs2(65002, 10010);
  return pathAttributes({
    asPath: [
      { type: AsPathSegmentType.AS_SEQUENCE, asns: [65000, 65002] },
      { type: AsPathSegmentType.AS_SET, asns: [1, 2] },
    ],
    nextHop: parseIp('10.0.0.2'),
    extendedCommunities: [
      ExtendedCommunity.encapsulation(),
      ExtendedCommunity.routeTarget(routeTarget),
      ExtendedCommunity.macMobility(3, true),
    ],
    routeTargets: [routeTarget],
    macMobility: { sequence: 3, sticky: true },
    ...changes,
  });
}

function path(nlri: EvpnNlri, neighbor: string, changes: Partial<PathAttributes> = {}): Path {
  return {
    source: { neighbor, routerId: 1, internal: false },
    attributes: attributes(changes),
    nlri,
    receivedAt: Date.UTC(2026, 0, 1),
    stale: false,
  };
}

/** A model with something of everything: two neighbors, two VNIs, five kinds of routes. */
export function fabricModel(): MemoryReadModel {
  const model = new MemoryReadModel();
  const vni = toVni(10010);
  const ip = parseIp('192.0.2.1');
  const mac = parseMac('02:00:00:00:00:02');
  const esi = '00112233445566778899' as Esi;
  const vtep = parseIp('10.0.0.2');
  const add = <Key extends Ip, Item>(table: Map<Key, Item>, address: string, item: (text: string) => Item) =>
    table.set(parseIp(address) as Key, item(address));

  model.neighborTable
    .set('2001:db8::1', samples.idleNeighbor('2001:db8::1'))
    .set('10.1.1.0', samples.neighbor('10.1.1.0'));
  for (const prefix of ['10.2.0.0/16', '2001:db8:2::/48'])
    model.underlayTable.set(parsePrefix(prefix), samples.underlayRoute(prefix));
  model.vniTable.set(vni, samples.vni(10010)).set(toVni(20), samples.absentVni(20));
  model.macTables.set(
    vni,
    new Map(
      [samples.remoteMac('02:00:00:00:00:02'), samples.localMac('02:00:00:00:00:01')].map((item) => [
        parseMac(item.mac),
        item,
      ]),
    ),
  );
  model.arpTables.set(vni, new Map());
  add(model.arpTables.get(vni)!, '192.0.2.1', samples.arpEntry);
  add(model.arpTables.get(vni)!, '2001:db8:1::1', (text) => ({ ...samples.arpEntry(text), kernel: null }));
  model.driftTable.push(
    samples.drift(2),
    samples.drift(1, { action: 'rewritten', failure: null, resolvedAt: '2026-01-01T00:00:30.000Z', vni: 20 }),
  );
  model.duplicateTable.push(
    samples.duplicate({ mac: '02:00:00:00:00:02' }),
    samples.duplicate({ ip: '192.0.2.1', frozen: true }),
  );
  model.stories.set('02:00:00:00:00:02', samples.explain);
  for (const name of ['red', 'blue']) model.vrfTable.set(name, samples.vrf(name));
  add(model.vtepTable, '10.0.0.2', samples.vtep);

  const remote = [
    { type: RouteType.ETHERNET_AUTO_DISCOVERY, rd: REMOTE_RD, esi, ethernetTag: 7, label: 10010 },
    {
      type: RouteType.MAC_IP_ADVERTISEMENT,
      rd: REMOTE_RD,
      esi: ESI_ZERO,
      ethernetTag: 0,
      mac,
      ip,
      label1: 10010,
      label2: 5000,
    },
    { type: RouteType.INCLUSIVE_MULTICAST, rd: REMOTE_RD, ethernetTag: 0, originator: vtep },
    { type: RouteType.ETHERNET_SEGMENT, rd: REMOTE_RD, esi, originator: vtep },
    {
      type: RouteType.IP_PREFIX,
      rd: REMOTE_RD,
      esi: ESI_ZERO,
      ethernetTag: 0,
      prefix: parseIp('198.51.100.0'),
      prefixLength: 24,
      gateway: parseIp('0.0.0.0'),
      label: 5000,
    },
  ] satisfies EvpnNlri[];
  for (const nlri of remote) {
    const pmsiTunnel =
      nlri.type === RouteType.INCLUSIVE_MULTICAST
        ? { flags: 0, tunnelType: 6, label: 10010, endpoint: vtep, identifier: new Uint8Array() }
        : undefined;
    model.routeTable.add({
      nlri,
      paths: [
        path(nlri, '10.1.1.0', { pmsiTunnel }),
        path(nlri, '2001:db8::1', { localPref: 100, med: 5, originatorId: 0x0a000002, clusterList: [1] }),
      ],
      vnis: [10010],
    });
  }
  model.routeTable.add({
    nlri: {
      type: RouteType.MAC_IP_ADVERTISEMENT,
      rd: OWN_RD,
      esi: ESI_ZERO,
      ethernetTag: 0,
      mac: parseMac('02:00:00:00:00:01'),
      ip: undefined,
      label1: 10010,
      label2: undefined,
    },
    originated: {
      nextHop: parseIp('10.0.0.1'),
      extendedCommunities: [
        ExtendedCommunity.routeTarget(routeTargetOfAs2(65001, 10010)),
        ExtendedCommunity.macMobility(1, false),
      ],
      pmsiTunnel: undefined,
    },
    vnis: [10010],
  });
  model.routeTable.add({
    nlri: {
      type: RouteType.INCLUSIVE_MULTICAST,
      rd: OWN_RD,
      ethernetTag: 0,
      originator: parseIp('10.0.0.1'),
    },
    originated: {
      nextHop: parseIp('10.0.0.1'),
      extendedCommunities: [],
      pmsiTunnel: { endpoint: parseIp('10.0.0.1'), vni: 10010 },
    },
    vnis: [10010],
  });
  return model;
}

/** An API over the model, which `inject` asks. */
export function apiOver(
  model: MemoryReadModel,
  commands = new MemoryCommands(),
  log: Log = silentLog,
  configuration: Configuration = new MemoryConfiguration(),
): Promise<FastifyInstance> {
  return createApi({ readModel: model, commands, configuration, log, version: '0.1.0' });
}
