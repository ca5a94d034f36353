/**
 * What Proxmox VE 9 (SDN) writes for the EVPN zones of a cluster: of each node `/etc/network/interfaces.d/sdn` and
 * `/etc/frr/frr.conf`, of the form that its `pve-network` has, statement by statement. Pure.
 */

/** A network of a zone: a bridge, its VNI, and the addresses of its gateway, which are the same on each node. */
export interface Vnet {
  readonly name: string;
  readonly tag: number;
  /** With the length of the prefix. */
  readonly gateways: readonly string[];
}

/** An EVPN zone; its options by Proxmox's names. */
export interface Zone {
  /** At most 8 letters. */
  readonly name: string;
  /** The L3VNI. */
  readonly vrfVxlan: number;
  readonly vnets: readonly Vnet[];
  readonly mac: string;
  /** Names of nodes. */
  readonly exitNodes?: readonly string[];
  /** An exit node reaches the zone by a pair of interfaces, and by no routes of its own. */
  readonly exitNodesLocalRouting?: boolean;
  readonly advertiseSubnets?: boolean;
  readonly rtImport?: readonly string[];
  readonly disableArpNdSuppression?: boolean;
}

export interface Cluster {
  readonly asn: number;
  readonly mtu: number;
  /** Address by name of the node. */
  readonly nodes: Readonly<Record<string, string>>;
  readonly zones: readonly Zone[];
}

/** Of an unreachable default that every other route goes before. */
const LAST_RESORT = 'unreachable default metric 4278198272';

function stanza(name: string, lines: readonly string[]): string {
  return `auto ${name}\niface ${name}\n${lines.map((line) => `\t${line}\n`).join('')}`;
}

/** `/etc/network/interfaces.d/sdn` of a node. */
export function sdnInterfaces({ mtu, nodes, zones }: Cluster, node: string): string {
  const vxlan = (id: number, isQuiet: boolean | undefined) => [
    `vxlan-id ${id}`,
    `vxlan-local-tunnelip ${nodes[node]}`,
    'bridge-learning off',
    ...(isQuiet ? [] : ['bridge-arp-nd-suppress on']),
    `mtu ${mtu}`,
  ];
  const bridge = (port: string) => [`bridge_ports ${port}`, 'bridge_stp off', 'bridge_fd 0', `mtu ${mtu}`];
  const stanzas = zones.flatMap((zone) => {
    const vrf = `vrf ${vrfOf(zone)}`;
    const isExit = zone.exitNodes?.includes(node);
    const isQuiet = zone.disableArpNdSuppression;
    return [
      ...zone.vnets.flatMap(({ name, tag, gateways }) => [
        stanza(name, [
          ...gateways.map((gateway) => `address ${gateway}`),
          `hwaddress ${zone.mac}`,
          ...bridge(`vxlan_${name}`),
          'ip-forward on',
          ...(gateways.some((gateway) => gateway.includes(':')) ? ['ip6-forward on'] : []),
          'arp-accept on',
          vrf,
        ]),
        stanza(`vxlan_${name}`, vxlan(tag, isQuiet)),
      ]),
      stanza(vrfOf(zone), [
        'vrf-table auto',
        `post-up ip route ${isExit ? 'del' : 'add'} ${vrf} ${LAST_RESORT}`,
      ]),
      stanza(`vrfbr_${zone.name}`, [...bridge(`vrfvx_${zone.name}`), vrf]),
      stanza(`vrfvx_${zone.name}`, vxlan(zone.vrfVxlan, isQuiet)),
      ...(isExit && zone.exitNodesLocalRouting ? localRouting(zone) : []),
    ];
  });
  return ['#version:1\n', ...stanzas].join('\n');
}

const vrfOf = ({ name }: Zone) => `vrf_${name}`;

function localRouting(zone: Zone): string[] {
  const end = (name: string, peer: string, address: string, more: readonly string[]) =>
    stanza(name, ['link-type veth', `address ${address}`, `veth-peer-name ${peer}`, ...more, 'mtu 1500']);
  const [outer, inner] = [`xvrf_${zone.name}`, `xvrfp_${zone.name}`];
  return [
    end(outer, inner, '10.255.255.1/30', []),
    end(inner, outer, '10.255.255.2/30', [`vrf ${vrfOf(zone)}`]),
  ];
}

/** `/etc/frr/frr.conf` of a node. */
export function frrConf({ asn, nodes, zones }: Cluster, node: string): string {
  const exits = zones.filter(({ exitNodes }) => exitNodes?.includes(node));
  const imported = exits.filter((zone) => !zone.exitNodesLocalRouting);
  const family = (name: string, lines: readonly string[]) =>
    lines.length === 0
      ? []
      : [' !', ` address-family ${name}`, ...lines.map((line) => `  ${line}`), ' exit-address-family'];
  const ofVrf = (zone: Zone) => {
    const isExit = exits.includes(zone);
    const isRead = zone.advertiseSubnets || imported.includes(zone);
    const connected = isRead ? ['redistribute connected'] : [];
    const both = (...words: readonly string[]) => ['ipv4', 'ipv6'].map((ip) => words.join(` ${ip} `).trim());
    return [
      `router bgp ${asn} vrf ${vrfOf(zone)}`,
      ` bgp router-id ${nodes[node]}`,
      ' no bgp hard-administrative-reset',
      ' no bgp graceful-restart notification',
      ...family('ipv4 unicast', connected),
      ...family('ipv6 unicast', connected),
      ...family('l2vpn evpn', [
        ...(isExit ? both('default-originate', '') : []),
        ...(zone.advertiseSubnets ? both('advertise', 'unicast') : []),
        ...(zone.rtImport ?? []).map((target) => `route-target import ${target}`),
      ]),
      'exit',
      '!',
    ];
  };
  const imports = imported.map((zone) => `import vrf ${vrfOf(zone)}`);
  return [
    'frr version 10.4.1',
    'frr defaults datacenter',
    `hostname ${node}`,
    'log syslog informational',
    'service integrated-vtysh-config',
    '!',
    ...zones.flatMap((zone) => [`vrf ${vrfOf(zone)}`, ` vni ${zone.vrfVxlan}`, 'exit-vrf', '!']),
    `router bgp ${asn}`,
    ` bgp router-id ${nodes[node]}`,
    ' no bgp hard-administrative-reset',
    ' no bgp default ipv4-unicast',
    ' coalesce-time 1000',
    ' no bgp graceful-restart notification',
    ' neighbor VTEP peer-group',
    ` neighbor VTEP remote-as ${asn}`,
    ' neighbor VTEP bfd',
    ...Object.entries(nodes).flatMap(([name, address]) =>
      name === node ? [] : [` neighbor ${address} peer-group VTEP`],
    ),
    ...family('ipv4 unicast', imports),
    ...family('ipv6 unicast', imports),
    ...family('l2vpn evpn', [
      'neighbor VTEP activate',
      'neighbor VTEP route-map MAP_VTEP_IN in',
      'neighbor VTEP route-map MAP_VTEP_OUT out',
      'advertise-all-vni',
    ]),
    'exit',
    '!',
    ...zones.flatMap(ofVrf),
    ...(exits.length === 0 ? ['route-map MAP_VTEP_IN permit 1', 'exit', '!'] : NO_DEFAULT_IN),
    'route-map MAP_VTEP_OUT permit 1',
    'exit',
    '!',
    ...exits
      .filter((zone) => zone.exitNodesLocalRouting)
      .flatMap(({ name, vnets }) =>
        vnets.flatMap(({ gateways }) =>
          gateways
            .filter((gateway) => !gateway.includes(':'))
            .flatMap((gateway) => [`ip route ${networkOf(gateway)} 10.255.255.2 xvrf_${name}`, '!']),
        ),
      ),
    'line vty',
    '!',
    '',
  ].join('\n');
}

/** An exit node takes no default route of another one. */
const NO_DEFAULT_IN = [
  'ip prefix-list only_default seq 1 permit 0.0.0.0/0',
  '!',
  'ipv6 prefix-list only_default_v6 seq 1 permit ::/0',
  '!',
  'route-map MAP_VTEP_IN deny 1',
  ' match ip address prefix-list only_default',
  'exit',
  '!',
  'route-map MAP_VTEP_IN deny 2',
  ' match ipv6 address prefix-list only_default_v6',
  'exit',
  '!',
  'route-map MAP_VTEP_IN permit 3',
  'exit',
  '!',
];

/** The network of a gateway that is its first address. */
const networkOf = (gateway: string) => gateway.replace(/\.1\//, '.0/');
