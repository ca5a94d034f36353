import { FRR_COMMANDS } from '../../../src/cli/frr/index.js';

/**
 * Keys of FRR's JSON that `evpnctl frr` leaves out, each behind the key that it is below. The lab test finds that FRR 8.4 has all of
 * them and evpnd none, and no other differ.
 */
export const LEFT_OUT: readonly { readonly why: string; readonly keys: readonly string[] }[] = [
  {
    why: 'multihoming: evpnd is no leaf of an Ethernet segment',
    keys: [
      '.macHoldtime',
      '.neighHoldtime',
      '.protodownReasons',
      '.startupDelay',
      '.startupDelayTimer',
      '.uplinkActiveCount',
      '.uplinkConfigCount',
      'MAC.syncNeighCount',
    ],
  },
  {
    why: 'settings: `evpnctl config show` has them',
    keys: [
      '.advertiseAllVnis',
      '.advertiseGatewayMacip',
      '.advertiseSviMacIp',
      '.advertiseSviMacip',
      'VNI.advertiseGatewayMacip',
      'VNI.advertiseSviMacIp',
      'FAMILY.advertiseAllVnis',
      '.detectionFreezeTime',
      '.detectionTime',
      '.isDuplicateAddrDetection',
      '.maxMoves',
      '.flooding',
      '.vxlanFlooding',
      '.bestPath',
      'FAMILY.bestPath',
      '.defaultLocPrf',
      'IP.bgpTimerConfiguredHoldTimeMsecs',
      'IP.bgpTimerConfiguredKeepAliveIntervalMsecs',
      'IP.connectRetryTimer',
      'IP.externalBgpNbrMaxHopsAway',
      'IP.minBtwnAdvertisementRunsTimerMsecs',
    ],
  },
  {
    why: 'indexes of devices, and how long an address is known, which the REST API does not have',
    keys: ['.ifindex', '.sviIfindex', 'MAC.ifindex', 'MAC.uptime', '.uptime'],
  },
  {
    why: "versions, queues, memory, threads and update groups of FRR's own making",
    keys: [
      '.bgpTableVersion',
      '.tableVersion',
      'FAMILY.tableVersion',
      'IP.tableVersion',
      '.ribCount',
      '.ribMemory',
      'FAMILY.ribMemory',
      '.peerMemory',
      'FAMILY.peerMemory',
      'IP.inq',
      'IP.outq',
      'messageStats.depthInq',
      'messageStats.depthOutq',
      'FAMILY.packetQueueLength',
      'FAMILY.subGroupId',
      'FAMILY.updateGroupId',
      'IP.readThread',
      'IP.writeThread',
      'IP.estimatedRttInMsecs',
      'IP.bgpTimerLastRead',
      'IP.bgpTimerLastWrite',
      'IP.bgpInUpdateElapsedTimeMsecs',
      'paths.version',
      'NETWORK.version',
    ],
  },
  {
    why: 'capabilities that evpnd does not have: roles, add-path, host names, long-lived graceful restart, conditional advertisement',
    keys: [
      'IP.localRole',
      'IP.remoteRole',
      'IP.extendedOptionalParametersLength',
      'IP.bgpTimerConfiguredConditionalAdvertisementsSec',
      'neighborCapabilities.addPath',
      'neighborCapabilities.hostName',
      'neighborCapabilities.longLivedGracefulRestart',
      'neighborCapabilities.longLivedGracefulRestartByPeer',
      'messageStats.capabilityRecv',
      'messageStats.capabilitySent',
      'IP.hostname',
      'nexthops.hostname',
      'peer.hostname',
    ],
  },
  {
    why: 'graceful restart: `evpnctl show neighbor NAME --json` has what was agreed',
    keys: [
      'neighborCapabilities.addressFamiliesByPeer',
      'gracefulRestartInfo.endOfRibSend',
      'gracefulRestartInfo.FAMILY',
      'gracefulRestartInfo.localGrMode',
      'gracefulRestartInfo.remoteGrMode',
      'gracefulRestartInfo.nBit',
      'gracefulRestartInfo.rBit',
      'gracefulRestartInfo.timers',
    ],
  },
  {
    why: "the connection's ports and next hops, and FRR's codes",
    keys: [
      'IP.bgpConnection',
      'IP.lastResetCode',
      'IP.nexthop',
      'IP.nexthopGlobal',
      'IP.nexthopLocal',
      'IP.portForeign',
      'IP.portLocal',
      'FAMILY.commAttriSentToNbr',
      'FAMILY.unchangedNextHopPropogatedToNbr',
    ],
  },
  {
    why: 'routes: evpnd has no weights, and its steps of the decision process have other names: `lostBy` of `/api/v1/routes`',
    keys: [
      'PREFIX.prefixLen',
      'PREFIX.advertisedTo',
      'paths.selectionReason',
      'bestpath.selectionReason',
      'NETWORK.selectionReason',
      'paths.weight',
      'NETWORK.weight',
      'NETWORK.metric',
      'nexthops.accessible',
      'nexthops.metric',
    ],
  },
  {
    why: 'BFD: evpnd sends no echo packets and measures no round trips; the device of a neighbor with an address',
    keys: [
      '.echo-receive-interval',
      '.echo-transmit-interval',
      '.remote-echo-receive-interval',
      '.rtt-avg',
      '.rtt-max',
      '.rtt-min',
      '.interface',
    ],
  },
];

/** The table of docs/evpnctl.md: FRR's commands. */
export function frrCommandReference(): string {
  const rows = FRR_COMMANDS.map(({ words, does }) => `| \`${words.replaceAll('|', '\\|')}\` | ${does} |`);
  return ['| command | answers |', '|---|---|', ...rows].join('\n');
}

/** The table of docs/evpnctl.md: FRR's keys that are left out. */
export function leftOutReference(): string {
  const rows = LEFT_OUT.map(({ why, keys }) => {
    const names = new Set(
      keys.map((key) =>
        key
          .split('.')
          .filter((part) => part !== 'FAMILY')
          .at(-1),
      ),
    );
    return `| ${why} | ${[...names].map((name) => `\`${name}\``).join(', ')} |`;
  });
  return ['| what | keys |', '|---|---|', ...rows].join('\n');
}
