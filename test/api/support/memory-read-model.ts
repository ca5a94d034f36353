import {
  type ArpEntry,
  type Commands,
  type DriftFilter,
  type DriftItem,
  type DuplicateItem,
  type DuplicateSelection,
  type EventLoopItem,
  type Explain,
  type HostFilter,
  ipOrder,
  type MacItem,
  macOrder,
  type NeighborAnswer,
  type NeighborItem,
  neighborOrder,
  nlriItem,
  numberOrder,
  originatedPathItem,
  type Pages,
  type PendingWriteItem,
  pagesByKey,
  pathItem,
  prefixOrder,
  type Readiness,
  type ReadModel,
  type RouteFilter,
  type RouteItem,
  type RouteKey,
  routeOrder,
  type Status,
  textOrder,
  type UnderlayRouteFilter,
  type UnderlayRouteItem,
  type VniItem,
  type VrfItem,
  type VtepItem,
} from '../../../src/api/index.js';
import { eventReads } from '../../../src/api/resources/events.js';
import type { Path } from '../../../src/bgp/index.js';
import { EventLog } from '../../../src/events/index.js';
import {
  formatIp,
  formatMac,
  formatPrefix,
  type Ip,
  type Mac,
  type PrefixKey,
  type Vni,
} from '../../../src/types/index.js';
import type { EvpnNlri, OriginatedAttributes } from '../../../src/wire/index.js';
import { VirtualClock } from '../../support/virtual-clock.js';
import * as samples from './samples.js';

/** Notes the commands that came. */
export class MemoryCommands implements Commands {
  readonly given: DuplicateSelection[] = [];
  neighborCommands = 0;
  clearDuplicates(selection: DuplicateSelection): number {
    this.given.push(selection);
    return this.given.length;
  }
  readonly clearNeighbor = () => this.#neighbor();
  readonly softClearNeighbor = () => this.#neighbor();
  readonly shutDownNeighbor = () => this.#neighbor();
  readonly enableNeighbor = () => this.#neighbor();

  #neighbor(): NeighborAnswer {
    this.neighborCommands++;
    return { neighbor: samples.neighbor('10.1.0.2') };
  }
}

/** A route of the model: ours where it has attributes, else the neighbors' paths, the first of which is best. */
export interface MemoryRoute {
  readonly nlri: EvpnNlri;
  readonly originated?: OriginatedAttributes;
  readonly paths?: readonly Path[];
  readonly vnis: readonly number[];
}

/** Everything that the API can show, in plain Maps that a test fills. */
export class MemoryReadModel implements ReadModel {
  statusItem: Status = samples.status;
  readinessNow: Readiness = { ready: true, reasons: [] };
  readonly metrics = [];
  readonly histograms = [];
  eventLoopItem: EventLoopItem = {
    since: '2026-01-02T03:04:05.000Z',
    samples: 4000,
    delays: { p50Ms: 2.1, p99Ms: 4, p999Ms: 9.5, longestMs: 12 },
  };
  readonly neighborTable = new Map<string, NeighborItem>();
  readonly vniTable = new Map<Vni, VniItem>();
  readonly macTables = new Map<Vni, Map<Mac, MacItem>>();
  readonly arpTables = new Map<Vni, Map<Ip, ArpEntry>>();
  readonly routeTable = new Set<MemoryRoute>();
  /** Newest first. */
  readonly driftTable: DriftItem[] = [];
  readonly pendingTable: PendingWriteItem[] = [];
  readonly underlayTable = new Map<PrefixKey, UnderlayRouteItem>();
  readonly duplicateTable: DuplicateItem[] = [];
  /** By the text of the MAC. */
  readonly stories = new Map<string, (ip: string | null) => Explain>();
  readonly vrfTable = new Map<string, VrfItem>();
  readonly vtepTable = new Map<Ip, VtepItem>();
  readonly clock = new VirtualClock();
  readonly happened = new EventLog(this.clock);
  readonly #eventReads = eventReads({ events: this.happened, clock: this.clock, startedAt: 0 });

  status = () => this.statusItem;
  readiness = () => this.readinessNow;
  eventLoop = () => this.eventLoopItem;
  neighbors = () => pagesOf(this.neighborTable, neighborOrder);
  neighbor = (name: string) => this.neighborTable.get(name);
  vnis = () =>
    pagesOf(this.vniTable, numberOrder as typeof numberOrder & { compare(a: Vni, b: Vni): number });
  vni = (vni: Vni) => this.vniTable.get(vni);
  macs = (vni: Vni, filter: HostFilter) =>
    this.vniTable.has(vni) ? pagesOf(chosen(this.macTables.get(vni), filter), macOrder) : undefined;
  arpCache = (vni: Vni, filter: HostFilter) =>
    this.vniTable.has(vni) ? pagesOf(chosen(this.arpTables.get(vni), filter), ipOrder) : undefined;
  vrfs = () => pagesOf(this.vrfTable, textOrder);
  vrf = (name: string) => this.vrfTable.get(name);
  vteps = () => pagesOf(this.vtepTable, ipOrder);
  underlayRoutes = ({ neighbor }: UnderlayRouteFilter) =>
    pagesOf(
      new Map(
        [...this.underlayTable].filter(
          ([, { paths }]) => neighbor === undefined || paths.some((path) => path.neighbor === neighbor),
        ),
      ),
      prefixOrder,
    );
  pendingWrites = (vni: Vni | undefined) =>
    pagesOf(
      new Map(
        this.pendingTable.filter((item) => vni === undefined || item.vni === vni).map((item, i) => [i, item]),
      ),
      numberOrder,
    );
  events: ReadModel['events'] = (choice) => this.#eventReads.events(choice);
  readonly eventLog = this.#eventReads.eventLog;
  duplicates = () => pagesOf(new Map(this.duplicateTable.map((item, i) => [i, item])), numberOrder);
  explain = async (_vni: Vni, mac: Mac | undefined, ip: Ip | undefined) =>
    this.stories.get(mac === undefined ? '' : formatMac(mac))?.(ip === undefined ? null : formatIp(ip));

  explainRoute: ReadModel['explainRoute'] = async (name, { prefix }) =>
    this.vrfTable.has(name)
      ? { vrf: name, ip: null, prefix: formatPrefix(prefix), verdict: [], stories: [], shorter: [] }
      : undefined;

  drifts({ vni, open }: DriftFilter): Pages<DriftItem> {
    const items = this.driftTable.filter(
      (item) =>
        (vni === undefined || item.vni === vni) &&
        (open === undefined || open === (item.resolvedAt === null)),
    );
    return pagesOf(new Map(items.map((item, i) => [i, item])), numberOrder);
  }

  routes(filter: RouteFilter): Pages<RouteItem> {
    const table = this.routeTable;
    return pagesByKey<MemoryRoute, RouteKey, RouteItem>({
      total: null,
      rows: () => table,
      where: (route) => matches(route, filter),
      key: (route) => ({ origin: route.originated ? 'local' : 'remote', route }),
      order: routeOrder,
      item: (route) => ({
        ...nlriItem(route.nlri),
        origin: route.originated ? 'local' : 'remote',
        paths: route.originated
          ? [originatedPathItem(route.nlri, route.originated)]
          : (route.paths ?? []).map((path, i) =>
              pathItem(path, i === 0, i === 0 ? undefined : 'lower BGP identifier'),
            ),
        vnis: [...route.vnis],
      }),
    });
  }
}

function chosen<Key, Item extends MacItem | ArpEntry>(
  table: ReadonlyMap<Key, Item> | undefined,
  { origin, vtep }: HostFilter,
): ReadonlyMap<Key, Item> {
  const text = vtep === undefined ? undefined : formatIp(vtep);
  return new Map(
    [...(table ?? [])].filter(
      ([, item]) =>
        (origin === undefined || item.origin === origin) && (text === undefined || item.vtep === text),
    ),
  );
}

function pagesOf<Key, Item>(
  table: ReadonlyMap<Key, Item> = new Map<Key, Item>(),
  order: {
    compare(a: Key, b: Key): number;
    encode(key: Key): string;
    decode(text: string): unknown;
  },
): Pages<Item> {
  return pagesByKey<[Key, Item], Key, Item>({
    total: table.size,
    rows: () => table,
    key: ([key]) => key,
    order: { ...order, decode: (text) => order.decode(text) as Key | undefined },
    item: ([, item]) => item,
  });
}

function matches({ nlri, originated, paths, vnis }: MemoryRoute, filter: RouteFilter): boolean {
  const ips = ['ip' in nlri ? nlri.ip : undefined, 'originator' in nlri ? nlri.originator : undefined];
  const { neighbor } = filter;
  return (
    (filter.type === undefined || nlri.type === filter.type) &&
    (filter.vni === undefined || vnis.includes(filter.vni)) &&
    (filter.rd === undefined || nlri.rd === filter.rd) &&
    (filter.mac === undefined || ('mac' in nlri && nlri.mac === filter.mac)) &&
    (filter.ip === undefined || ips.includes(filter.ip)) &&
    (filter.origin === undefined || (filter.origin === 'local') === (originated !== undefined)) &&
    (neighbor === undefined || (paths ?? []).some((path) => path.source.neighbor === neighbor))
  );
}
