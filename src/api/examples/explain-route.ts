import type { ExplainRoute } from '../explain-route-schemas.js';
import { PATH } from './path.js';

const ROW = { fits: true, failure: null, drifts: [] };
const GROUP = 'nexthop 104 group 103';
const NEXTHOP = 'nexthop 103 via 10.0.0.2';
const ROUTE = '192.0.2.12/32 nhid 104 table 1001 metric 20';
const NEIGHBOR = '02:00:00:00:40:02 (noarp, ext_learned)';
const MAC =
  'bridge row points to vx4001 (reachable, ext_learned), vxlan row has dst 10.0.0.2 (reachable, ext_learned)';

/** A host of another leaf, in a VRF. */
export const EXPLAIN_ROUTE: ExplainRoute = {
  vrf: 'red',
  ip: '192.0.2.12',
  prefix: '192.0.2.12/32',
  verdict: [
    '192.0.2.12/32 leads to 10.0.0.2 (VNI 4001, router MAC 02:00:00:00:40:02).',
    'Decided by: only claim.',
    'The kernel holds what evpnd wants for 192.0.2.12/32.',
    'Shorter prefixes that hold 192.0.2.12 too do not count: 0.0.0.0/0.',
  ],
  stories: [
    {
      prefix: '192.0.2.12/32',
      owner: 'remote',
      rule: 'only claim',
      localVni: null,
      throughVrf: null,
      gateways: [],
      legs: [{ vtep: '10.0.0.2', routerMac: '02:00:00:00:40:02', vni: 4001 }],
      claims: [
        {
          won: true,
          ignored: null,
          lostBy: null,
          kind: 'host',
          vtep: '10.0.0.2',
          routerMac: '02:00:00:00:40:02',
          route: {
            key: '[2]:[0]:[48]:[02:00:00:00:00:02]:[32]:[192.0.2.12]',
            rd: '10.0.0.2:10010',
            label: 4001,
            bestBy: 'only path',
            paths: [
              {
                ...PATH,
                labels: [10010, 4001],
                routeTargets: ['65002:10010', '65002:4001'],
                extendedCommunities: [
                  'encapsulation:VXLAN',
                  'rt:65002:10010',
                  'rt:65002:4001',
                  'router-mac:02:00:00:00:40:02',
                ],
                receivedAt: '2026-03-02T22:13:43.000Z',
              },
            ],
          },
        },
      ],
      moreClaims: 0,
      rows: [
        { row: 'route', wanted: ROUTE, found: ROUTE, ...ROW },
        { row: 'nexthop-group', wanted: GROUP, found: GROUP, ...ROW },
        { row: 'nexthop', wanted: NEXTHOP, found: NEXTHOP, ...ROW },
        { row: 'neighbor', wanted: NEIGHBOR, found: NEIGHBOR, ...ROW },
        { row: 'router-mac', wanted: MAC, found: MAC, ...ROW },
      ],
      advertised: [],
    },
  ],
  shorter: ['0.0.0.0/0'],
};
