import type { Item } from '../client.js';
import { type Api, type FrrCommand, nowOf, present } from './command.js';
import { line, text } from './text.js';

/* show bfd peers. */

export const BFD_COMMANDS: readonly FrrCommand[] = [
  {
    words: 'show bfd peers',
    does: 'BFD sessions of the neighbors',
    async answer(api) {
      const json = await sessions(api);
      return { json, text: () => text('BFD Peers:', json.flatMap(peerLines)) };
    },
  },
  {
    words: 'show bfd peers brief',
    does: 'a line for each',
    async answer(api) {
      const json = await sessions(api);
      return { json, text: () => briefText(json) };
    },
  },
];

async function sessions(api: Api): Promise<Item[]> {
  const [status, neighbors] = await Promise.all([api.get('/status'), api.all('/neighbors')]);
  return neighbors.filter(({ bfd }) => bfd !== null).map((neighbor) => bfdPeer(neighbor, nowOf(status)));
}

/** FRR's names of the states (RFC 5880 §4.1). */
const STATES: Readonly<Record<string, string>> = {
  AdminDown: 'shutdown',
  Down: 'down',
  Init: 'init',
  Up: 'up',
};

const diagnosticText = (diagnostic: unknown) =>
  diagnostic === 'No Diagnostic' ? 'ok' : String(diagnostic).toLowerCase();

/** Returns FRR's peer of a neighbor with BFD; `now`: milliseconds since 1970. */
export function bfdPeer(neighbor: Item, now: number): Item {
  const bfd = neighbor.bfd as Item;
  const theirs = bfd.neighbor as Item | null;
  const seconds = Math.max(0, Math.floor((now - Date.parse(String(bfd.since))) / 1000));
  return present({
    multihop: bfd.multihop,
    peer: neighbor.address ?? neighbor.name,
    local: neighbor.localAddress,
    vrf: 'default',
    interface: neighbor.interface,
    id: bfd.discriminator,
    'remote-id': theirs?.discriminator ?? 0,
    'passive-mode': false,
    status: STATES[String(bfd.state)],
    [bfd.state === 'Up' ? 'uptime' : 'downtime']: seconds,
    diagnostic: diagnosticText(bfd.diagnostic),
    'remote-diagnostic': theirs ? diagnosticText(theirs.diagnostic) : 'ok',
    'receive-interval': bfd.intervalMs,
    'transmit-interval': bfd.intervalMs,
    'detect-multiplier': bfd.multiplier,
    'remote-receive-interval': theirs?.requiredMinRxMs,
    'remote-transmit-interval': theirs?.desiredMinTxMs,
    'remote-detect-multiplier': theirs?.multiplier,
  });
}

function peerLines(peer: Item): string[] {
  const place = [
    `peer ${peer.peer}`,
    peer.local === undefined ? '' : ` local-address ${peer.local}`,
    ` vrf ${peer.vrf}`,
    peer.interface === undefined ? '' : ` interface ${peer.interface}`,
  ].join('');
  return [
    `\t${place}`,
    `\t\tID: ${peer.id}`,
    `\t\tRemote ID: ${peer['remote-id']}`,
    '\t\tActive mode',
    `\t\tStatus: ${peer.status}`,
    peer.uptime === undefined
      ? `\t\tDowntime: ${peer.downtime} second(s)`
      : `\t\tUptime: ${peer.uptime} second(s)`,
    `\t\tDiagnostics: ${peer.diagnostic}`,
    `\t\tRemote diagnostics: ${peer['remote-diagnostic']}`,
    '\t\tLocal timers:',
    `\t\t\tDetect-multiplier: ${peer['detect-multiplier']}`,
    `\t\t\tReceive interval: ${peer['receive-interval']}ms`,
    `\t\t\tTransmission interval: ${peer['transmit-interval']}ms`,
    ...(peer['remote-detect-multiplier'] === undefined
      ? []
      : [
          '\t\tRemote timers:',
          `\t\t\tDetect-multiplier: ${peer['remote-detect-multiplier']}`,
          `\t\t\tReceive interval: ${peer['remote-receive-interval']}ms`,
          `\t\t\tTransmission interval: ${peer['remote-transmit-interval']}ms`,
        ]),
    '',
  ];
}

const WIDTHS = [10, 40, 40, 15];

const briefText = (peers: readonly Item[]) =>
  text(
    `Session count: ${peers.length}`,
    line(WIDTHS, ['SessionId', 'LocalAddress', 'PeerAddress', 'Status']),
    line(WIDTHS, ['=========', '============', '===========', '======']),
    peers.map((peer) => line(WIDTHS, [peer.id, peer.local, peer.peer, peer.status])),
  );
