import test from 'ava';
import { importFrr } from '../../src/import-frr/index.js';
import { frrConf, type Zone } from '../support/proxmox.js';

const MAC = 'bc:24:11:00:00:01';
const zone = (options: Partial<Zone>): Zone => ({
  name: 'tenant',
  vrfVxlan: 10000,
  mac: MAC,
  vnets: [{ name: 'web', tag: 101, gateways: ['10.1.1.1/24'] }],
  ...options,
});
const HARD =
  "no bgp hard-administrative-reset: an operator's reset is a Hard Reset, which removes the routes on both sides (RFC 8538)";
const BFD =
  'neighbor VTEP bfd: BFD with neighbors on the same link; write multihop: true where routers are between';
const DEFAULTS = ['0.0.0.0/0', '::/0'];
const EVERYTHING = ['0.0.0.0/0 le 32', '::/0 le 128'];
const leads =
  'import vrf vrf_tenant: routes of VRFs are not read; lead to the VRF by a route of the operating system for each of its networks: ip route add PREFIX dev vrf_tenant';
const silent = (ip: string) =>
  `redistribute connected: without \`advertise ${ip} unicast\` of the VRF's l2vpn evpn nothing of it is announced`;

/** Each kind of zone, what `evpn.vrfs` has of it, and what of its statements is told beside the two that all have. */
const KINDS: readonly (readonly [string, Partial<Zone>, object, readonly string[]])[] = [
  ['alone', {}, {}, []],
  ['without suppression', { disableArpNdSuppression: true }, {}, []],
  ['that advertises subnets', { advertiseSubnets: true }, { 'redistribute-connected': EVERYTHING }, []],
  [
    'with imported route targets',
    { rtImport: ['65000:10000', '65001:10000'] },
    { 'import-route-targets': ['65000:10000', '65001:10000'] },
    [],
  ],
  [
    'on its exit node',
    { exitNodes: ['pve1'] },
    { networks: DEFAULTS },
    [leads, leads, silent('ipv4'), silent('ipv6')],
  ],
  [
    'on its exit node, with subnets',
    { exitNodes: ['pve1'], advertiseSubnets: true },
    { networks: DEFAULTS, 'redistribute-connected': EVERYTHING },
    [leads, leads],
  ],
  [
    'on its exit node, with local routing',
    { exitNodes: ['pve1'], exitNodesLocalRouting: true },
    { networks: DEFAULTS },
    ['ip route 10.1.1.0/24 10.255.255.2 xvrf_tenant: static routes are those of the operating system'],
  ],
  ['whose exit node is another', { exitNodes: ['pve2'] }, {}, []],
];

for (const [kind, options, settings, told] of KINDS)
  test(`a zone of Proxmox's ${kind}`, (t) => {
    const cluster = {
      asn: 65000,
      mtu: 1450,
      nodes: { pve1: '192.168.0.1', pve2: '192.168.0.2' },
      zones: [zone(options)],
    };
    const text = frrConf(cluster, 'pve1');
    const { content, notes } = importFrr(text);
    t.deepEqual(content?.evpn, {
      'advertise-all-vni': true,
      vrfs: [{ name: 'vrf_tenant', l3vni: 10000, ...settings }],
    });
    t.deepEqual(content?.neighbors, [{ address: '192.168.0.2', 'peer-group': 'VTEP' }]);
    const policies = content?.policies as readonly { readonly rules: readonly object[] }[];
    t.is(policies[0].rules.length, options.exitNodes?.includes('pve1') ? 3 : 1);
    t.deepEqual(
      notes.map(({ statement, text: why }) => `${statement}: ${why}`),
      [HARD, BFD, ...told],
    );
    for (const { line, statement } of notes) t.is(text.split('\n')[line - 1].trim(), statement);
  });
