/** One kind of line of the log. */
export interface LogLine {
  /** How loud it is; several where that depends on the case. */
  readonly level: string;
  /** Its text; where that goes on with what differs from case to case, the part before, with `…` behind it. */
  readonly texts: readonly string[];
  /** What it means. */
  readonly meaning: string;
  /** What an operator does about it; empty for nothing. */
  readonly action: string;
}

const line = (level: string, text: string | readonly string[], meaning: string, action = ''): LogLine => ({
  level,
  texts: typeof text === 'string' ? [text] : text,
  meaning,
  action,
});

/**
 * Every line that evpnd logs, by its id: the subsystem, and what happened. `event` of each line is its id, and does not change
 * where the text does. docs/log.md is written from here.
 */
export const LOG_LINES: Readonly<Record<string, LogLine>> = {
  'daemon.starts-not': line(
    'fatal',
    'evpnd cannot start: …',
    'evpnd ends with 1',
    'the line names the reason and the fix',
  ),
  'daemon.fault': line(
    'fatal',
    'uncaught fault; exiting',
    'a fault of evpnd: rows stay, systemd starts it again and it adopts them',
    'report it with the stack',
  ),
  'daemon.runs': line('info', 'evpnd runs', 'the start is complete'),
  'daemon.observes': line(
    'info',
    'mode: observe: nothing is written to the kernel and nothing is announced',
    '`mode: observe` is set',
  ),
  'daemon.adopts': line(
    'info',
    'rows of an earlier evpnd stay until the neighbors have sent their routes',
    'a restart: traffic goes on',
  ),
  'daemon.swept': line(
    'info',
    'the first synchronization is done…',
    'rows that nobody announced again are removed',
  ),
  'daemon.not-told': line(
    'warn',
    'some neighbor has not told all its routes in time',
    'the first synchronization goes on without End-of-RIB of the neighbors that are named (`sweep-deferral-time`)',
    'see why their sessions are not up, or what their End-of-RIB waits for',
  ),
  'daemon.stops': line('info', 'stopping', 'evpnd was told to stop'),
  'daemon.stop-incomplete': line(
    'error',
    'the shutdown is incomplete',
    'a step of the stop failed',
    'report it',
  ),
  'daemon.memory': line('debug', 'at rest: unused memory is given back', 'once, after the first load'),
  'config.fault': line(
    'fatal',
    [],
    'a fault of the configuration file; evpnd ends with 78',
    'fix the line that is named',
  ),
  'config.rejected': line(
    'error',
    'the configuration file has …',
    'nothing has changed',
    '`evpnd --check --config FILE`, then `systemctl reload evpnd`',
  ),
  'config.no-copy': line(
    'warn',
    'cannot store a copy of the configuration for a start with a faulty file',
    'a start with a faulty file would fail',
    'make `state-directory` writable for evpnd',
  ),
  'config.reloaded': line('info', 'configuration reloaded', 'each setting that changed is named'),
  'config.unchanged': line(
    'info',
    'configuration reloaded: nothing changed',
    'the file means the same as before',
  ),
  'config.waits': line(
    'warn',
    'these settings take effect after a restart',
    'they cannot change while evpnd runs',
    '`systemctl restart evpnd` when it suits',
  ),
  'config.reload-failed': line('error', 'the reload failed', 'nothing has changed', 'the line has the error'),
  'api.command': line(
    'info',
    'command of an operator',
    'who may use the Unix socket, or has the token, changed something',
  ),
  'api.lost': line(
    'error',
    'the API no longer listens',
    'TLS was switched on or off, and another process took an address of `api.listen` in that moment',
    'the line names it; `systemctl restart evpnd` once it is free',
  ),
  'api.failed': line(
    'error',
    'a request to the API failed',
    'a fault of evpnd: the client got 500',
    'report it',
  ),
  'api.refused': line(
    'warn',
    [
      'a connection to the API was refused: there are as many as it takes',
      'a connection to the API was closed: too many requests on it wait for their answers',
    ],
    'more connections, or requests ahead of their answers, than the API takes',
    'see who asks so much: `from`',
  ),
  'bgp.found': line(
    'info',
    'BGP neighbor found by its router advertisements',
    'the router behind an interface is known',
  ),
  'bgp.up': line('info', 'BGP session established', 'routes are exchanged'),
  'bgp.ended': line('info', 'BGP session ended', 'by an operator or a change of the configuration'),
  'bgp.lost': line(
    'warn, error',
    'BGP session lost',
    '`reason` says why; rows of its routes go unless it restarts gracefully',
    'see the neighbor, and the link to it',
  ),
  'bgp.refused': line(
    'debug to warn',
    'BGP session refused',
    'the neighbor took the connection and then refused',
    'see `reason`',
  ),
  'bgp.no-connection': line(
    'debug to warn',
    'BGP connection attempt failed',
    'the neighbor does not answer',
    'see that it runs, listens and may be reached',
  ),
  'bgp.stranger': line(
    'info',
    [
      'BGP connection from an address that is no configured neighbor',
      'BGP connections of a neighbor that has too many open are reset',
      'BGP connection from farther away than ttl-security allows is reset',
      'BGP connections wait: there are no descriptors or no memory for them',
    ],
    'the connection was closed',
    'configure the neighbor, or find out who it is',
  ),
  'bgp.update-error': line(
    'warn',
    'UPDATE error, session kept (RFC 7606)',
    'routes of the UPDATE count as withdrawn, or an attribute was left out',
    'report it to whoever makes the neighbor',
  ),
  'bgp.route-refused': line(
    'debug to warn',
    'route refused: …',
    'a route was not taken, or goes by settings that a reload has changed',
    'see `cure`, where there is one',
  ),
  'bgp.limit': line(
    'warn',
    ["the neighbor's routes take more than they may: …", "the neighbor's routes take more than …"],
    'the routes come near `max-routes` or `max-octets`, or are beyond one that only warns',
    'see what it sends, or raise the limit',
  ),
  'bgp.unfit': line(
    'error',
    "a route's attributes are too long for an UPDATE to the neighbor: such routes are not sent. …",
    'the neighbor lacks these routes',
    'see what `export-policy` adds',
  ),
  'bgp.refresh-ignored': line(
    'warn',
    'ROUTE-REFRESH ignored, session kept (RFC 7313)',
    'the neighbor sent one that means nothing now, for example an end of its routes (EoRR) without a beginning (BoRR): none of its routes is removed for it',
    'report it to whoever makes the neighbor',
  ),
  'bgp.fault': line(
    'error',
    ['internal error in a BGP session', 'BGP session could not stop'],
    'a fault of evpnd: the session ended, others go on',
    'report it',
  ),
  'bgp.stale': line(
    'info',
    'routes of a restarting BGP neighbor are kept as stale (RFC 4724)',
    'traffic goes on while it restarts',
  ),
  'bgp.long-lived-stale': line(
    'warn',
    'routes that a BGP neighbor has not told again in its restart time, or before it went again, are kept as long-lived stale (RFC 9494)',
    'they are used where nothing else is known, for another `staleTime` seconds',
    'see why the neighbor does not come back, or does not stay',
  ),
  'bgp.stale-gone': line(
    'info',
    'stale routes of a BGP neighbor are removed (RFC 4724)',
    'it has sent its routes again, or its time is over',
  ),
  'bgp.listen': line(
    'warn, error',
    'neighbors that were found cannot connect: …',
    'evpnd cannot listen at an address: neighbors cannot connect there, evpnd connects with them still',
    'see what else listens on the port (`ss -tlnp`)',
  ),
  'bfd.up': line('info', 'BFD session up', 'the path to the neighbor is watched'),
  'bfd.down': line(
    'info, warn',
    'BFD session down',
    'nothing was heard in time, or the neighbor says so',
    'see the link',
  ),
  'bfd.cannot-run': line(
    'warn',
    'BFD cannot run: …',
    'the session goes on without it',
    'the line has the reason',
  ),
  'bfd.fault': line('error', 'handling a BFD packet failed', 'a fault of evpnd', 'report it'),
  'nd.cannot-run': line(
    'warn',
    'router advertisements cannot be sent or heard: …',
    'a neighbor by interface is not found',
    'the line has the reason',
  ),
  'nd.another-router': line(
    'warn',
    'another router on the link of an unnumbered neighbor: the one that was heard first is taken',
    'a link between two routers has a third',
    'see what is connected',
  ),
  'nd.fault': line('error', 'handling a router advertisement failed', 'a fault of evpnd', 'report it'),
  'evpn.vni-served': line('info', 'serving VNI', 'routes of the VNI are announced and imported'),
  'evpn.vni-not-served': line('info', 'no longer serving VNI', 'its routes and rows are removed'),
  'evpn.vrf-routed': line('info', 'routing for VRF', 'routes of the VRF are announced and imported'),
  'evpn.vrf-not-routed': line('info', 'no longer routing for VRF', 'its routes are withdrawn and removed'),
  'evpn.mac-moved': line('info', 'MAC moved', 'a host is behind another leaf or port'),
  'evpn.ip-moved': line('info', 'IP moved to another MAC', 'an address has another host'),
  'evpn.duplicate': line(
    'warn',
    ['duplicate address: …'],
    'an address is in two places (RFC 7432 §15.1)',
    'find the two hosts, or the loop: `from` and `to`',
  ),
  'evpn.duplicate-over': line('info', 'duplicate address cleared', 'it may move again'),
  'evpn.configured-address': line(
    'warn',
    'another leaf claims an address that is configured on a port of this leaf',
    'the static row counts',
    'take the row out, or stop the other host',
  ),
  'evpn.pinned-address': line(
    'warn',
    'a local host uses an address that is pinned to another leaf',
    'its frames are not followed',
    'find the host',
  ),
  'evpn.unused': line(
    'debug to warn',
    'route not used: …',
    'no VNI can use the route, and why',
    'see `/api/v1/routes?unused=`',
  ),
  'evpn.held-back': line(
    'warn',
    'a port has more local addresses, or new ones faster, than are announced: the rest waits',
    '`max-local-macs`, `max-local-ips` or `new-address-rate`',
    'see what is behind the port; raise the limit if it may',
  ),
  'evpn.held-back-over': line(
    'info',
    'a port has no more local addresses than are announced',
    'all are announced',
  ),
  'evpn.forgets': line(
    'warn',
    'too many addresses have moved and gone: the oldest are forgotten before their time',
    'an attack, or a very large fabric',
    'see which VNIs have the most: `counts.rememberedAddresses`',
  ),
  'evpn.rd-unread': line(
    'warn',
    'cannot read the route distinguishers given before; starting afresh',
    'RDs may be others than before',
    'see `state-directory`',
  ),
  'evpn.rd-unstored': line(
    'warn',
    'cannot store the route distinguishers: they may change at a restart',
    'routes would be announced under another RD',
    'make `state-directory` writable',
  ),
  'hosts.limit': line(
    'warn',
    'hosts of a port are at the limit of …',
    'further addresses of the port are not followed',
    'see what is behind the port',
  ),
  'hosts.limit-over': line('info', 'hosts of a port are no longer at the limit of …', 'all are followed'),
  'hosts.flood': line(
    'warn',
    'a port floods ARP or neighbor discovery: only a sample of it is snooped',
    'other ports are heard as before',
    'find the host',
  ),
  'hosts.flood-over': line('info', 'a port no longer floods ARP or neighbor discovery', 'all of it is heard'),
  'hosts.not-heard': line(
    'warn',
    'ARP and neighbor discovery of hosts are not heard, …',
    'ARP and neighbor discovery cannot be heard: silent hosts are not found',
    'the line has the fix',
  ),
  'hosts.fault': line('error', 'handling a frame failed', 'a fault of evpnd', 'report it'),
  'kernel.problem': line(
    'info to error',
    [
      'a device or VNI does not forward',
      'a device or VNI does not forward as it should',
      'a device or VNI forwards in a way that may not be meant',
    ],
    'a device or a VNI does not forward as it should, for a second now',
    '`fix` is the command',
  ),
  'kernel.problem-over': line('info', 'a problem is over', 'it forwards again'),
  'kernel.drift': line(
    'info, warn',
    [
      'somebody changed or removed a row of ours',
      'a row with our mark is wanted no longer',
      "a row that is not ours to overwrite stands where a remote host's should be",
    ],
    'somebody changed, removed or blocks a row',
    'see who writes there: `/api/v1/drift`',
  ),
  'kernel.refuses': line(
    'warn',
    'the kernel refuses a row',
    'it is tried again, at growing intervals',
    'see `errno` and `kernel`',
  ),
  'kernel.not-taken': line('debug', 'the kernel did not take a row', 'a device that just went, or a retry'),
  'kernel.read': line('info', 'the kernel has been read', 'devices, rows and neighbors are known'),
  'kernel.read-again': line(
    'warn',
    'the kernel has been read again, because notifications were lost',
    'more changes at once than the buffer holds; nothing is wrong now',
    'raise `kernel.receive-buffer-bytes` if it comes often',
  ),
  'kernel.buffer': line(
    'warn',
    'bursts of changes will cost re-reads: …',
    'the receive buffer is smaller than wanted: bursts of changes cost re-reads',
    'CAP_NET_ADMIN, or `sysctl net.core.rmem_max`',
  ),
  'kernel.no-group': line(
    'warn',
    'this kernel has no such netlink group: changes of VLANs, or of VNI filters, may go unnoticed',
    'an old kernel',
    'a newer one, for VLAN-aware bridges with one VXLAN device',
  ),
  'kernel.malformed': line(
    'warn',
    'malformed netlink message: …',
    'the message was left out',
    'report it with the kernel’s version',
  ),
  'kernel.fault': line(
    'error',
    [
      'handling notifications failed',
      'handling a notification failed',
      're-reading failed',
      're-reading the kernel failed and is tried again',
    ],
    'a fault of evpnd or of the kernel; it goes on',
    'report it',
  ),
  'kernel.keeps-changing': line(
    'warn',
    'rows kept going while they were read',
    'they were read once more',
    '',
  ),
  'kernel.no-answer': line(
    'warn',
    [
      'the kernel does not report whether a row exists; it counts as there',
      'the kernel does not report a row',
      'the routing table could not be read and is read again',
      'the routing tables of VRFs could not be read and are read again',
    ],
    'a question of ours was not answered',
  ),
  'kernel.set': line('info', 'set what the VNI needs', '`manage-port-settings`: the setting is named'),
  'kernel.set-refused': line('warn', 'the kernel refused a setting', 'the VNI lacks it', 'see `error`'),
  'kernel.upkeep': line(
    'warn',
    'ports and the underlay could not be looked after; tried again',
    'settings of ports may be late',
  ),
  'kernel.defaults-unstored': line(
    'warn',
    'cannot record our default destinations: after a crash they will not be removed',
    'see `state-directory`',
    'make it writable',
  ),
  'kernel.defaults-unread': line(
    'warn',
    'cannot read which default destinations are ours; all are left standing',
    'some may lead to leaves that are gone',
    '`bridge fdb show` of the VXLAN devices',
  ),
  'kernel.hardware-unread': line(
    'debug',
    'what the hardware took could not be read',
    'what is shown of it is older; tried again',
  ),
  'kernel.devlink': line('debug', ['devlink', 'devlink reports no switch ASIC'], 'no hardware to offload to'),
};

const EXACT = new Map<string, string>();
const PREFIXES: (readonly [prefix: string, id: string])[] = [];
for (const [id, { texts }] of Object.entries(LOG_LINES))
  for (const text of texts)
    if (text.endsWith('…')) PREFIXES.push([text.slice(0, -1), id]);
    else EXACT.set(text, id);

/** What a line says of lines that a limit has kept back stands before their text. */
const SUPPRESSED = 'more lines like this: ';

/** Returns the id of a line by its text; undefined where the table has none, and the line's facts must. */
export function lineId(text: string): string | undefined {
  const own = text.startsWith(SUPPRESSED) ? text.slice(SUPPRESSED.length) : text;
  return EXACT.get(own) ?? PREFIXES.find(([prefix]) => own.startsWith(prefix))?.[1];
}
