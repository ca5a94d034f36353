import type { Path } from '../bgp/index.js';
import { formatEsi, formatIp } from '../types/index.js';

/** How loudly a reason is reported: `debug` is everyday, `info` may be meant so, `warn` wants an operator. */
interface ReasonEntry {
  readonly level: 'debug' | 'info' | 'warn';
  /** Why, for people. */
  readonly text: string;
  /** What an operator can do. */
  readonly cure?: string;
}

const REASONS = {
  'import-policy': { level: 'info', text: 'the import policy of its neighbor rejects it' },
  'route-type': { level: 'debug', text: 'routes of its type are not used' },
  'ethernet-tag': {
    level: 'info',
    text: 'not of the VLAN-based service; `import-ethernet-tags: vni` would import it',
  },
  'bundle-label': { level: 'debug', text: "its label is another VNI's of the VLAN-aware bundle" },
  encapsulation: {
    level: 'warn',
    text: 'VXLAN is not among its tunnel encapsulations (RFC 8365 §5.1.3)',
    cure: 'let the leaf that announces it send VXLAN among its encapsulations',
  },
  'no-pmsi-tunnel': {
    level: 'warn',
    text: 'no PMSI Tunnel attribute, without which nobody knows how to reach its VTEP (RFC 7432 §11.2)',
  },
  'pmsi-endpoint': {
    level: 'warn',
    text: 'its PMSI Tunnel attribute names no end of the tunnel that can be a VTEP (RFC 7432 §11.2)',
  },
  'no-ingress-replication': {
    level: 'debug',
    text: 'its leaf takes BUM traffic from a multicast tree: no copy is sent to it',
  },
  'flooding-disabled': { level: 'debug', text: 'flooding is disabled' },
  'multicast-group': {
    level: 'debug',
    text: 'its VNI floods by a multicast group of the VXLAN device, and sends no copies',
  },
  'flood-limit': {
    level: 'warn',
    text: 'its VNI floods to as many leaves as `evpn.flood-limit` allows: no copy is sent to this one',
  },
  'mac-address': { level: 'warn', text: 'a MAC address that no host has' },
  'ip-address': { level: 'warn', text: 'an IP address that no host has; the MAC of the route counts' },
  'not-best': { level: 'debug', text: "another neighbor's path of the route is preferred" },
  'reserved-esi': { level: 'warn', text: 'an Ethernet A-D route of no Ethernet segment' },
  'ethernet-segment': {
    level: 'info',
    text: 'no leaf says that it reaches this Ethernet segment (Ethernet A-D per ES route, RFC 7432 §8.2)',
  },
  'route-targets': { level: 'debug', text: 'no VNI imports any of its route targets' },
  'martian-next-hop': {
    level: 'warn',
    text: 'martian or link-local next hop: it can be no VTEP',
    cure: 'give the VXLAN device of the leaf that announces it a `local` that others reach',
  },
  'next-hop-family': {
    level: 'warn',
    text: "the VXLAN device cannot reach its next hop, which is not of the address family of the device's `local`",
    cure: 'give the VXLAN devices of both leaves a `local` of one address family',
  },
  'own-next-hop': { level: 'debug', text: 'own next hop: it points to this machine itself' },
  'layer-3-label': {
    level: 'debug',
    text: 'the VNI is its second label: a route of an IP-VRF (RFC 9135 §5.1), not of this VNI',
  },
  'no-layer-3-label': {
    level: 'debug',
    text: 'it has no second label: its leaf announces the host for the VNI alone, and does not route for a VRF (RFC 9135 §5.1)',
  },
  'router-mac': {
    level: 'warn',
    text: "no Router's MAC community with a MAC that a router can have: routed frames cannot be sent to its leaf (RFC 9135 §8.1)",
    cure: "give the VRF's L3VNI an SVI with a MAC there (FRR: `vrf NAME` with `vni N`, and the SVI in that VRF)",
  },
  'own-router-mac': {
    level: 'warn',
    text: "its router's MAC is this machine's own: two leaves have the same, and one needs another",
    cure: 'give the SVI of the L3VNI another MAC on one of the two: `ip link set dev SVI address MAC`',
  },
  'routed-label': {
    level: 'warn',
    text: "its label is neither the VRF's L3VNI nor that of another VRF of this leaf, so that no device sends with it",
    cure: 'give the VRF the same L3VNI on both leaves, or this leaf a VRF with that L3VNI too (downstream VNI)',
  },
  'gateway-index': {
    level: 'warn',
    text: 'it names a gateway as overlay index (RFC 9136 §3.2) that nobody has: neither a host of the VRF here, nor one that a MAC/IP route of another leaf is about',
    cure: 'see that the gateway speaks, and that its leaf announces it for the VRF or for a VNI that this leaf has too; or let the prefix be announced without it (in FRR without `advertise … gateway-ip`)',
  },
  'segment-index': {
    level: 'warn',
    text: 'it names an Ethernet segment as overlay index (RFC 9136 §3.2), which is not looked up',
    cure: 'let it announce prefixes without an overlay index',
  },
  prefix: {
    level: 'warn',
    text: 'a prefix that no router announces: martian, multicast or link-local',
    cure: 'take it out of what the leaf announces',
  },
  connected: { level: 'debug', text: 'the VRF is in this network itself' },
  'local-route': {
    level: 'debug',
    text: "a route of another program's in the VRF's table leads there, and is announced: it goes before those of other leaves",
  },
  'local-host': { level: 'debug', text: 'the host is on a port of ours' },
  'own-route': { level: 'debug', text: 'our own route, come back with another next hop' },
  frozen: { level: 'debug', text: 'frozen as a duplicate where it is, and this route is not of that place' },
  'own-mac': { level: 'debug', text: "own MAC: it is this machine's in the broadcast domain" },
  'own-ip': { level: 'debug', text: "own IP: it is this machine's in the broadcast domain" },
} as const satisfies Record<string, ReasonEntry>;
export type UnusedReason = keyof typeof REASONS;

/**
 * Why a route that the RIB holds is not used. The evaluator, the importer, the API's counts and explain all ask the
 * functions that return these (route-types/, unused.ts, claims.ts), so that none of them can give another reason.
 */
export const UNUSED: Readonly<Record<UnusedReason, ReasonEntry>> = REASONS;

/** Returns the value of the path that the reason is about, then the reason's text. */
export function reasonText(reason: UnusedReason, path: Path | undefined): string {
  const { text } = UNUSED[reason];
  const found = path && FOUND[reason]?.(path);
  return found === undefined ? text : `${found}: ${text}`;
}

const FOUND: Partial<Record<UnusedReason, (path: Path) => string | undefined>> = {
  'import-policy': ({ source, attributes: { verdict } }) =>
    verdict && `rule ${verdict.rule} of policy ${verdict.policy || 'site-of-origin'} for ${source.neighbor}`,
  'ethernet-segment': ({ nlri }) => ('esi' in nlri ? `ESI ${formatEsi(nlri.esi)}` : undefined),
  'pmsi-endpoint': ({ attributes: { pmsiTunnel } }) =>
    pmsiTunnel?.endpoint === undefined ? undefined : `tunnel to ${formatIp(pmsiTunnel.endpoint)}`,
  'gateway-index': ({ nlri }) => ('gateway' in nlri ? `gateway ${formatIp(nlri.gateway)}` : undefined),
  'routed-label': ({ nlri }) => `label ${'label2' in nlri ? nlri.label2 : 'label' in nlri ? nlri.label : 0}`,
  'ethernet-tag': ({ nlri }) => ('ethernetTag' in nlri ? `Ethernet tag ${nlri.ethernetTag}` : undefined),
};
