import { counted } from '../types/index.js';
import type { Item } from './client.js';
import { at, type Column, duration, textOf } from './output.js';

/* What is shown of each kind of thing, column by column. */

/** A column of one field. */
const field = (title: string, of: Column['of'], mark?: Column['mark']): Column =>
  mark ? { title, of, mark } : { title, of };

const time = (path: string) => (item: Item) => {
  const value = at(item, path);
  return typeof value === 'string' ? value.replace('T', ' ').replace(/\.\d+Z$/, 'Z') : value;
};

export const NEIGHBORS: readonly Column[] = [
  field('NEIGHBOR', 'name'),
  field('AS', 'remoteAs'),
  field('STATE', 'state', 'ok'),
  field('UP', (item) => duration(item.uptimeSeconds)),
  field('RECEIVED', 'prefixes.received.total'),
  field('SENT', 'prefixes.sent.total'),
  field('FLAPS', 'flaps'),
  field('LATE', (item) => item.lateness && `${at(item, 'lateness.medianMs')} ms`),
  field(
    'LAST DOWN',
    (item) =>
      at(item, item.established ? 'lastDown.reason' : 'lastFailedAttempt.reason') ??
      at(item, 'lastDown.reason'),
  ),
];

export const NEIGHBOR: readonly Column[] = [
  field('Neighbor', 'name'),
  field('Description', 'description'),
  field('State', 'state', 'ok'),
  field('Up for', (item) => duration(item.uptimeSeconds)),
  field('AS', (item) => `${textOf(item.remoteAs)} (${item.type}), ours ${item.localAs}`),
  field('Router ID', 'remoteRouterId'),
  field('Local address', 'localAddress'),
  field(
    'Timers',
    (item) => `hold ${textOf(item.holdTimeSeconds)} s, keepalive ${textOf(item.keepaliveSeconds)} s`,
  ),
  field('Families', (item) =>
    (item.families as Item[])
      .map(
        ({ name, negotiated, received, sent }) =>
          `${name}: ${negotiated ? `received ${received}, sent ${sent}` : 'not negotiated'}`,
      )
      .join('\n'),
  ),
  field('Unused routes', (item) =>
    (at(item, 'routes.unused') as Item[])
      .map(({ routes, text, cure }) => `${routes}: ${text}${cure ? ` (${cure})` : ''}`)
      .join('\n'),
  ),
  field('Refused routes', (item) =>
    (at(item, 'routes.refused') as Item[])
      .map(({ routes, text, cure }) => `${routes}: ${text}${cure ? ` (${cure})` : ''}`)
      .join('\n'),
  ),
  field(
    'Limits',
    (item) => `${at(item, 'limits.routes')} of ${at(item, 'limits.maxRoutes') || 'any number of'} routes`,
  ),
  field('BFD', 'bfd.state'),
  field('Flaps', 'flaps'),
  field(
    'Late',
    (item) =>
      item.lateness &&
      `behind another neighbor by ${at(item, 'lateness.medianMs')} ms (median), ${at(item, 'lateness.p99Ms')} ms (99 %), ${at(item, 'lateness.samples')} measured`,
  ),
  field('Last down', (item) => reasonAt(item, 'lastDown')),
  field('Last failure', (item) => reasonAt(item, 'lastFailedAttempt')),
  field('Shut down', 'shutdown.message'),
];

const reasonAt = (item: Item, path: string) => {
  const reason = at(item, `${path}.reason`);
  return reason === undefined ? undefined : `${reason} (${time(`${path}.at`)(item)})`;
};

export const VNIS: readonly Column[] = [
  field('VNI', 'vni'),
  field('UP', 'up', 'ok'),
  field('DEVICE', 'vxlanDevice'),
  field('BRIDGE', 'bridge'),
  field('VLAN', 'vlan'),
  field('SVI', 'svi'),
  field('LOCAL MACS', 'counts.localMacs'),
  field('REMOTE MACS', 'counts.remoteMacs'),
  field('IPS', (item) => Number(at(item, 'counts.localIps')) + Number(at(item, 'counts.remoteIps'))),
  field('VTEPS', 'counts.remoteVteps'),
  field('DRIFTS', 'openDrifts', 'bad'),
  field(
    'PROBLEMS',
    (item) => (item.problems as Item[]).filter(({ severity }) => severity !== 'info').length,
    'bad',
  ),
];

export const VNI: readonly Column[] = [
  field('VNI', 'vni'),
  field('Forwards', 'up', 'ok'),
  field('Announced', 'advertised', 'ok'),
  field('Device', 'vxlanDevice'),
  field('Bridge', (item) => [item.bridge, item.vlan && `VLAN ${item.vlan}`].filter(Boolean).join(', ')),
  field('SVI', 'svi'),
  field('Local VTEP', 'localVtep'),
  field('RD', 'rd'),
  field('Import RTs', 'importRouteTargets'),
  field('Export RTs', 'exportRouteTargets'),
  field('MACs', (item) => `${at(item, 'counts.localMacs')} local, ${at(item, 'counts.remoteMacs')} remote`),
  field('IPs', (item) => `${at(item, 'counts.localIps')} local, ${at(item, 'counts.remoteIps')} remote`),
  field(
    'VTEPs',
    (item) =>
      `${at(item, 'counts.remoteVteps')} announce it, flooded to ${at(item, 'counts.floodVteps')}${Number(at(item, 'counts.floodVtepsLeftOut')) > 0 ? `, ${at(item, 'counts.floodVtepsLeftOut')} left out` : ''}`,
  ),
  field('Hardware', (item) => item.hardware && hardware(item.hardware as Item)),
  field('Open drifts', 'openDrifts', 'bad'),
  field('Problems', (item) => problems(item.problems as Item[])),
];

/** What a switch ASIC has of a VNI. */
const hardware = (item: Item) => {
  const of = (path: string, one: string) => {
    const more = [
      ['pending', 'pending'],
      ['refused', 'refused'],
      ['notTaken', 'not taken'],
      ['withheld', 'withheld'],
    ].flatMap(([key, words]) => {
      const count = Number(at(item, `${path}.${key}`));
      return count > 0 ? [`${count} ${words}`] : [];
    });
    return [`${counted(Number(at(item, `${path}.offloaded`)), one)} in it`, ...more].join(', ');
  };
  const driver = item.driver === null ? '' : ` (${item.driver})`;
  return `switch ${item.switchId}${driver}: ${of('macs', 'MAC')}\n${of('floodVteps', 'default destination')}`;
};

/** Problems as lines, each with what fixes it. */
const problems = (notes: readonly Item[]) =>
  notes
    .map(({ severity, problem, fix }) => `${severity}: ${problem}${fix ? `\n  fix: ${fix}` : ''}`)
    .join('\n');

export const PROBLEMS: readonly Column[] = [
  field('SEVERITY', 'severity'),
  field('PROBLEM', 'problem'),
  field('FIX', 'fix'),
];

export const MACS: readonly Column[] = [
  field('MAC', 'mac'),
  field('ORIGIN', 'origin'),
  field('AT', (item) => item.vtep ?? item.device),
  field('SEQUENCE', 'sequence'),
  field('STICKY', 'sticky'),
  field('IN KERNEL', 'installed', 'ok'),
  field('HARDWARE', (item) => at(item, 'offload.state')),
  field('IPS', 'ips'),
];

export const IPS: readonly Column[] = [
  field('IP', 'ip'),
  field('MAC', 'mac'),
  field('ORIGIN', 'origin'),
  field('VTEP', 'vtep'),
  field('ROUTER', 'router'),
  field('IN KERNEL', 'installed', 'ok'),
];

/** The best path of a route, or its first. */
const best = (item: Item) => {
  const paths = item.paths as Item[];
  return paths.find((path) => path.best) ?? paths[0] ?? {};
};

export const ROUTES: readonly Column[] = [
  field('ROUTE', 'key'),
  field('RD', 'rd'),
  field('VNIS', 'vnis'),
  field('FROM', (item) => best(item).neighbor ?? item.origin),
  field('NEXT HOP', (item) => best(item).nextHop),
  field('AS PATH', (item) =>
    (best(item).asPath as Item[] | undefined)?.map((segment) => textOf(segment.asns ?? segment)).join(' '),
  ),
  field('PATHS', (item) => (item.paths as Item[]).length),
];

export const UNDERLAY: readonly Column[] = [
  field('PREFIX', 'prefix'),
  field('PATHS', (item) => (item.paths as Item[]).length),
  field('NEXT HOPS', (item) =>
    (item.paths as Item[]).filter((path) => path.chosen).map((path) => path.nextHop),
  ),
  field('NOT INSTALLED', 'unused'),
  field('HARDWARE', (item) => at(item, 'offload.state')),
];

/** Why a VNI is not flooded to every VTEP that announces it; undefined where it is, and the kernel has it so. */
function whyNotComplete(item: Item): string | undefined {
  const count = (path: string) => Number(at(item, path));
  const [leftOut, drifts] = [count('counts.floodVtepsLeftOut'), count('openDrifts')];
  const missing = count('counts.remoteVteps') - count('counts.floodVteps') - leftOut;
  if (item.up !== true) {
    const found = (item.problems as Item[]).find(({ severity }) => severity !== 'info');
    return found ? textOf(found.problem) : 'the VNI does not forward';
  }
  if (item.advertised !== true) return 'the VNI is not announced';
  if (leftOut > 0) return `${leftOut} beyond evpn.flood-limit`;
  if (missing > 0) return `${missing} not flooded to`;
  return drifts > 0 ? `${drifts} rows of the VNI differ: show drift --vni ${textOf(item.vni)}` : undefined;
}

export const FLOODING: readonly Column[] = [
  field('VNI', 'vni'),
  field('ANNOUNCED BY', 'counts.remoteVteps'),
  field('FLOODED TO', 'counts.floodVteps'),
  field('LEFT OUT', 'counts.floodVtepsLeftOut', 'bad'),
  field('DRIFTS', 'openDrifts', 'bad'),
  field('COMPLETE', (item) => whyNotComplete(item) === undefined, 'ok'),
  field('WHY NOT', (item) => whyNotComplete(item) ?? '-'),
];

export const VRFS: readonly Column[] = [
  field('VRF', 'name'),
  field('UP', 'up', 'ok'),
  field('TABLE', 'tableId'),
  field('L3VNI', 'l3vni'),
  field('SVI', 'svi'),
  field('ROUTER MAC', 'routerMac'),
  field('VNIS', 'vnis'),
  field('ROUTES', 'routes'),
  field(
    'PROBLEMS',
    (item) => (item.problems as Item[]).filter(({ severity }) => severity !== 'info').length,
    'bad',
  ),
];

export const VRF: readonly Column[] = [
  field('VRF', 'name'),
  field('Up', 'up', 'ok'),
  field('Table', 'tableId'),
  field('L3VNI', 'l3vni'),
  field('SVI', 'svi'),
  field('Router MAC', 'routerMac'),
  field('Local VTEP', 'localVtep'),
  field('RD', 'rd'),
  field('Import RTs', 'importRouteTargets'),
  field('Export RTs', 'exportRouteTargets'),
  field('VNIs of hosts', 'vnis'),
  field('Routes', 'routes'),
  field('Hardware', (item) => item.hardwareRoutes && routesInHardware(item.hardwareRoutes as Item)),
  field('Announced', 'announcedPrefixes'),
  field('Problems', (item) => problems(item.problems as Item[])),
];

/** What a switch ASIC made of routes. */
const routesInHardware = ({ offloaded, trap, refused, software }: Item) =>
  [`${offloaded} routes in it`, `${trap} by the CPU`, `${refused} refused`, `${software} in software`].join(
    ', ',
  );

export const VTEPS: readonly Column[] = [
  field('VTEP', 'address'),
  field('VNIS', (item) => (Array.isArray(item.vnis) ? item.vnis.length : item.vnis)),
  field('MACS', 'macs'),
  field('ROUTES', 'routes'),
];

export const DRIFTS: readonly Column[] = [
  field('SINCE', time('since')),
  field('VNI', 'vni'),
  field('TABLE', 'table'),
  field('ROW', (item) => [item.mac, item.ip, item.prefix, item.nexthopId].find((part) => part != null)),
  field('CAUSE', 'cause'),
  field('WANTED', 'wanted'),
  field('FOUND', 'found'),
  field('RESOLVED', time('resolvedAt')),
];

export const PENDING: readonly Column[] = [
  field('VNI', 'vni'),
  field('TABLE', 'table'),
  field('ROW', (item) => [item.mac, item.ip, item.prefix, item.nexthopId].find((part) => part != null)),
  field('WRITES', 'writes'),
];

export const DUPLICATES: readonly Column[] = [
  field('VNI', 'vni'),
  field('MAC', 'mac'),
  field('IP', 'ip'),
  field('SINCE', time('since')),
  field('FROZEN', 'frozen'),
  field('MOVES', 'moves'),
  field('PLACES', (item) =>
    (item.places as (Item | string)[]).map((place) =>
      typeof place === 'string' ? place : textOf(place.vtep ?? place.device),
    ),
  ),
];

export const EVENTS: readonly Column[] = [
  field('AT', (item) => time('at')(item) ?? ''),
  field('KIND', (item) => item.kind ?? 'lost'),
  field('VNI', (item) => item.vni ?? '-'),
  field('EVENT', 'text'),
];

export const CHANGES: readonly Column[] = [
  field('SETTING', 'key'),
  field('BEFORE', (item) => item.before ?? '-'),
  field('AFTER', (item) => item.after ?? '-'),
];

export const CUT_OFF: readonly Column[] = [
  field('VNI', 'vni'),
  field('LOCAL MACS', 'localMacs'),
  field('LOCAL IPS', 'localIps'),
];

/** A switch ASIC, and its tables by how much of them is taken. */
const asic = ({ driver, bus, device, tables }: Item) =>
  [
    `${driver} at ${bus}/${device}`,
    ...(tables as Item[]).map(
      ({ name, size, occupied }) => `${name}: ${occupied === null ? '' : `${occupied} of `}${size}`,
    ),
  ].join('\n');

export const STATUS: readonly Column[] = [
  field('Version', 'version'),
  field('Up for', (item) => duration(item.uptimeSeconds)),
  field('Mode', (item) => `${item.mode}${item.drained ? ', drained' : ''}`),
  field('Ready', 'ready', 'ok'),
  field('Waits for', 'notReadyReasons'),
  field('AS, router ID', (item) => `${item.asn}, ${item.routerId}`),
  field(
    'Neighbors',
    (item) => `${at(item, 'counts.neighborsEstablished')} of ${at(item, 'counts.neighbors')} established`,
  ),
  field('VNIs', (item) => `${at(item, 'counts.vnisUp')} of ${at(item, 'counts.vnis')} forward`),
  field('MACs', (item) => `${at(item, 'counts.localMacs')} local, ${at(item, 'counts.remoteMacs')} remote`),
  field('IPs', (item) => `${at(item, 'counts.localIps')} local, ${at(item, 'counts.remoteIps')} remote`),
  field(
    'Routes',
    (item) => `${at(item, 'counts.localRoutes')} local, ${at(item, 'counts.remoteRoutes')} remote`,
  ),
  field('Remote VTEPs', 'counts.remoteVteps'),
  field('Switch ASIC', (item) => item.switchAsic && asic(item.switchAsic as Item)),
  field('Open drifts', 'drifts.open', 'bad'),
  field('Duplicates', 'duplicates', 'bad'),
  field('Problems', (item) => problems(item.problems as Item[])),
];
