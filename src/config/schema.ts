import { type Static, Type } from '@sinclair/typebox';
import { DEFAULT_STATE_DIRECTORY } from './config.js';

/**
 * The one source of the configuration's shape: validation, defaults and the reference in docs/operator.md come from
 * it. `allowed` is what a finding tells the operator; the syntax of addresses and route targets is checked by the
 * parsers of types/, so that the file and the wire agree on what they mean. `reload` tells
 * the reference when a changed value counts; at once where it is absent.
 */
const closed = { additionalProperties: false };

const Port = (description: string, fallback: number, reload: 'new session' | 'restart') =>
  Type.Integer({
    minimum: 1,
    maximum: 65535,
    default: fallback,
    description,
    allowed: 'a TCP port from 1 to 65535',
    reload,
  });

const DEFAULT_LOCAL_LIMIT = 65_536;
/** The neighbor is asked for what was refused before (RFC 2918), and in a session without that for all by a new one. */
const REFRESHED = 'at once; new session where the neighbor has no route refresh';

const AS_NUMBER = 'an AS number from 1 to 4294967295 in plain digits';

const NeighborSchema = Type.Object(
  {
    address: Type.String({
      description: "The neighbor's IPv4 or IPv6 address.",
      allowed: 'an IPv4 or IPv6 address',
    }),
    'remote-as': Type.Union(
      [Type.Integer({ minimum: 1, maximum: 4294967295 }), Type.Literal('internal'), Type.Literal('external')],
      {
        description:
          "The neighbor's AS number, `internal` for our own AS, or `external` for any AS but our own.",
        allowed: `${AS_NUMBER}, internal, or external`,
        reload: 'new session',
      },
    ),
    port: Port("The neighbor's TCP port.", 179, 'new session'),
    passive: Type.Boolean({
      default: false,
      description: 'Waits for the neighbor to connect and never connects itself.',
      allowed: 'true or false',
      reload: 'new session',
    }),
    'local-address': Type.Optional(
      Type.String({
        description: "Our side's address of the session; the kernel chooses where it is absent.",
        allowed: "an IPv4 or IPv6 address of the neighbor's family",
        reload: 'new session',
      }),
    ),
    'hold-time': Type.Integer({
      minimum: 0,
      maximum: 65535,
      default: 9,
      description: 'Seconds without a message after which the session is lost; 0 turns the timer off.',
      allowed: '0, or seconds from 3 to 65535',
      reload: 'new session',
    }),
    'keepalive-time': Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 65535,
        description:
          "Seconds between KEEPALIVEs, about: one leaves with the neighbor's that comes then. Default: 3, or a third of `hold-time` where that is less than 3.",
        allowed: 'seconds from 1 to 65535, less than hold-time',
        reload: 'new session',
      }),
    ),
    'connect-retry-time': Type.Integer({
      minimum: 1,
      maximum: 65535,
      default: 5,
      description: 'Seconds between attempts to connect.',
      allowed: 'seconds from 1 to 65535',
    }),
    'send-hold-time': Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 65535,
        description:
          'Seconds that the neighbor may read nothing of what waits for it, though it sends (RFC 9687); then the session ends. 0 turns the timer off. Default: 480, or twice the hold time where that is more.',
        allowed: '0, or seconds from 3 to 65535',
      }),
    ),
    'enforce-first-as': Type.Boolean({
      default: true,
      description:
        "Refuses eBGP routes whose AS_PATH is empty or does not begin with the neighbor's AS (RFC 4271 §6.3). Route servers need `false`.",
      allowed: 'true or false',
      reload: REFRESHED,
    }),
    'allowas-in': Type.Integer({
      minimum: 0,
      maximum: 10,
      default: 0,
      description:
        'Takes routes in whose AS_PATH our own AS is up to so many times: for leaves that share one AS number. Our own routes that come back are still not used.',
      allowed: 'a number from 0 to 10',
      reload: REFRESHED,
    }),
    'max-routes': Type.Integer({
      minimum: 0,
      maximum: 4294967295,
      default: 1_000_000,
      description: 'Routes of the neighbor that may stand; 0 for no limit of its own.',
      allowed: '0, or a number to 4294967295',
    }),
    'max-octets': Type.Integer({
      minimum: 0,
      maximum: 4294967295,
      default: 268_435_456,
      description:
        "Octets of path attributes that may be kept of the neighbor's routes, those of many routes counted once; 0 for no limit of its own.",
      allowed: '0, or octets to 4294967295',
    }),
    'on-limit': Type.Union([Type.Literal('close'), Type.Literal('warn')], {
      default: 'close',
      description:
        'Beyond `max-routes` or `max-octets`: `close` ends the session (Cease, Maximum Number of Prefixes Reached) for a minute, twice as long with each time, to 16 minutes; `warn` logs it and lists a problem.',
      allowed: 'close or warn',
    }),
    description: Type.Optional(
      Type.String({
        maxLength: 255,
        description: 'Free text, shown by the API.',
        allowed: 'text of at most 255 characters',
      }),
    ),
  },
  { ...closed, allowed: 'a neighbor: address, remote-as and more' },
);

const LocalLimit = (description: string, options: object = {}) =>
  Type.Integer({
    minimum: 1,
    maximum: 1048576,
    description,
    allowed: 'a number from 1 to 1048576',
    ...options,
  });

const FloodingValues = [Type.Literal('head-end-replication'), Type.Literal('disabled')];
const FLOODING = 'head-end-replication or disabled';

const VniSchema = Type.Object(
  {
    vni: Type.Integer({
      minimum: 1,
      maximum: 16777215,
      description: 'The VXLAN network identifier.',
      allowed: 'a VNI from 1 to 16777215',
    }),
    advertise: Type.Optional(
      Type.Boolean({
        description: 'Whether evpnd serves this VNI. Default: true, because it is listed.',
        allowed: 'true or false',
      }),
    ),
    rd: Type.Optional(
      Type.String({
        description: 'The route distinguisher. Default: `router-id:n` with an n that stays over restarts.',
        allowed: 'a route distinguisher: ip:0-65535, as:0-4294967295, or 4-octet-as:0-65535',
      }),
    ),
    'import-route-targets': Type.Optional(
      Type.Array(
        Type.String({ allowed: 'a route target such as 65000:10010, or *:10010 (quoted) for any AS' }),
        {
          minItems: 1,
          description:
            "Route targets whose routes the VNI takes; `'*:10010'` takes any AS. Default: as `auto-rt` says.",
          allowed: 'a list of at least one route target',
        },
      ),
    ),
    'export-route-targets': Type.Optional(
      Type.Array(Type.String({ allowed: 'a route target such as 65001:10010' }), {
        minItems: 1,
        description: "Route targets that the VNI's routes carry. Default: as `auto-rt` says.",
        allowed: 'a list of at least one route target',
      }),
    ),
    flooding: Type.Optional(
      Type.Union(FloodingValues, {
        description: 'As `evpn.flooding`, for this VNI. Default: as that says.',
        allowed: FLOODING,
      }),
    ),
    'advertise-svi-ip': Type.Optional(
      Type.Boolean({
        description: 'As `evpn.advertise-svi-ip`, for this VNI. Default: as that says.',
        allowed: 'true or false',
      }),
    ),
    'advertise-default-gateway': Type.Optional(
      Type.Boolean({
        description: 'As `evpn.advertise-default-gateway`, for this VNI. Default: as that says.',
        allowed: 'true or false',
      }),
    ),
    'max-local-macs': Type.Optional(
      LocalLimit('As `evpn.max-local-macs`, for this VNI. Default: as that says.'),
    ),
    'max-local-ips': Type.Optional(
      LocalLimit('As `evpn.max-local-ips`, for this VNI. Default: as that says.'),
    ),
  },
  { ...closed, allowed: 'a VNI: vni and what is set for it' },
);

export const ConfigSchema = Type.Object(
  {
    asn: Type.Integer({
      minimum: 1,
      maximum: 4294967295,
      description: 'Our AS number.',
      allowed: AS_NUMBER,
      reload: 'restart',
    }),
    'router-id': Type.String({
      description: 'The BGP identifier, usually the address of the loopback device.',
      allowed: 'an IPv4 address other than 0.0.0.0',
      reload: 'restart',
    }),
    neighbors: Type.Array(NeighborSchema, {
      description: 'The BGP neighbors, usually the spines.',
      allowed: 'a list of neighbors',
    }),
    bgp: Type.Object(
      {
        listen: Type.Array(Type.String({ allowed: 'an IPv4 or IPv6 address' }), {
          default: ['0.0.0.0', '::'],
          description: 'Addresses on which neighbors may connect; an empty list for none.',
          allowed: 'a list of addresses',
          reload: 'restart',
        }),
        port: Port('The TCP port on which neighbors may connect.', 179, 'restart'),
      },
      { ...closed, default: {}, description: 'The BGP listener.', allowed: 'a mapping' },
    ),
    evpn: Type.Object(
      {
        'advertise-all-vni': Type.Boolean({
          default: true,
          description: 'Serves every VNI that the kernel has, but for those with `advertise: false`.',
          allowed: 'true or false',
        }),
        'auto-rt': Type.Union([Type.Literal('frr'), Type.Literal('rfc8365')], {
          default: 'frr',
          description:
            'How route targets are derived: `frr` exports `(ASN & 65535):VNI` and imports `*:VNI`, as FRR does; `rfc8365` sets the type bits of RFC 8365 §5.1.2.1 (`0x10000000 | VNI`), as FRR does with `autort rfc8365-compatible`.',
          allowed: 'frr or rfc8365',
        }),
        'import-ethernet-tags': Type.Union([Type.Literal('zero'), Type.Literal('vni')], {
          default: 'zero',
          description:
            'Ethernet tags of the routes that are imported: `zero`, those of the VLAN-based service; `vni`, also those of a VLAN-aware bundle (RFC 7432 §6.3), as Junos and EOS send them: a Type-2 or Type-3 with another tag goes to the VNI that its label names, if that imports one of its route targets.',
          allowed: 'zero or vni',
        }),
        flooding: Type.Union(FloodingValues, {
          default: 'head-end-replication',
          description:
            'What becomes of broadcast, unknown unicast and multicast: a copy for each leaf of the VNI, or none at all (`disabled`: no Type-3 routes of ours, no default destinations). A device with a multicast group floods by that group.',
          allowed: FLOODING,
        }),
        'flood-limit': Type.Integer({
          minimum: 1,
          maximum: 65535,
          default: 512,
          description:
            'So many leaves of one VNI get a copy of each broadcast, unknown unicast and multicast frame; those beyond get none, which is a problem of the VNI.',
          allowed: 'a number from 1 to 65535',
        }),
        'duplicate-detection': Type.Object(
          {
            enabled: Type.Boolean({
              default: true,
              description: 'Looks for MACs and IPs that are in two places (RFC 7432 §15.1).',
              allowed: 'true or false',
            }),
            moves: Type.Integer({
              minimum: 2,
              maximum: 1000,
              default: 5,
              description: 'So many moves within `window` make a duplicate.',
              allowed: 'a number from 2 to 1000',
            }),
            window: Type.Integer({
              minimum: 2,
              maximum: 1800,
              default: 180,
              description: 'Seconds in which the moves count.',
              allowed: 'seconds from 2 to 1800',
            }),
            action: Type.Union([Type.Literal('warn'), Type.Literal('freeze')], {
              default: 'warn',
              description: '`warn` logs and lists a duplicate; `freeze` also gives it to no other leaf.',
              allowed: 'warn or freeze',
            }),
            'freeze-time': Type.Union(
              [Type.Literal('permanent'), Type.Integer({ minimum: 30, maximum: 3600 })],
              {
                default: 'permanent',
                description:
                  'Seconds until a frozen address is followed again, or `permanent`: until it is cleared.',
                allowed: 'permanent, or seconds from 30 to 3600',
              },
            ),
          },
          { ...closed, default: {}, description: 'Duplicate address detection.', allowed: 'a mapping' },
        ),
        'neighbor-refresh': Type.Object(
          {
            enabled: Type.Boolean({
              default: true,
              description:
                'Asks local hosts for a sign of life before the kernel forgets them, so that hosts that never speak by themselves stay known.',
              allowed: 'true or false',
            }),
            interval: Type.Integer({
              minimum: 1,
              maximum: 60,
              default: 30,
              description:
                "Seconds without a word from a host after which it is asked; a third of the bridge's ageing time where that is less.",
              allowed: 'seconds from 1 to 60',
            }),
            rate: Type.Integer({
              minimum: 1,
              maximum: 100000,
              default: 100,
              description: 'Questions a second at most, over all VNIs; ports and VNIs take turns.',
              allowed: 'a number from 1 to 100000',
            }),
          },
          { ...closed, default: {}, description: 'Refreshing of local neighbors.', allowed: 'a mapping' },
        ),
        snooping: Type.Boolean({
          default: true,
          description:
            'Learns which IP a local host has from the ARP and neighbor discovery that it speaks, also where no SVI has an address.',
          allowed: 'true or false',
          reload: 'restart',
        }),
        'advertise-svi-ip': Type.Boolean({
          default: false,
          description: "Announces the SVIs' own addresses as those of hosts.",
          allowed: 'true or false',
        }),
        'advertise-default-gateway': Type.Boolean({
          default: false,
          description:
            "Announces the SVIs' own addresses as those of default gateways, for a fabric with central gateways.",
          allowed: 'true or false',
        }),
        'max-local-macs': LocalLimit(
          'MACs of local hosts of a VNI that are announced at most. Of a VNI that is full the port with the most of them pays.',
          { default: DEFAULT_LOCAL_LIMIT },
        ),
        'max-local-ips': LocalLimit('IPs of local hosts of a VNI that are announced at most; likewise.', {
          default: DEFAULT_LOCAL_LIMIT,
        }),
        'new-address-rate': Type.Integer({
          minimum: 1,
          maximum: 1000000,
          default: 2000,
          description:
            "New or changed addresses of local hosts a second that are announced of one port and VNI, after a burst of ten seconds' worth; what is beyond waits, and is lost never.",
          allowed: 'a number from 1 to 1000000',
        }),
        vnis: Type.Array(VniSchema, {
          default: [],
          description: 'What differs from the derived values, by VNI.',
          allowed: 'a list of VNIs',
        }),
      },
      { ...closed, default: {}, description: 'EVPN instances.', allowed: 'a mapping' },
    ),
    api: Type.Object(
      {
        'unix-socket': Type.String({
          default: '/run/evpnd/api.sock',
          description: 'Path of the Unix socket of the REST API, mode 0660.',
          allowed: 'an absolute path of at most 107 bytes',
          reload: 'restart',
        }),
        listen: Type.Array(Type.String({ allowed: 'address:port, IPv6 as [address]:port' }), {
          default: ['127.0.0.1:8179'],
          description:
            'TCP addresses of the REST API; an empty list for none. The API has no authentication: whoever reaches it can read it.',
          allowed: 'a list of address:port',
          reload: 'restart',
        }),
      },
      { ...closed, default: {}, description: 'The REST API.', allowed: 'a mapping' },
    ),
    'manage-port-settings': Type.Boolean({
      default: false,
      description:
        'Sets what the VXLAN devices and bridge ports of our VNIs need, and nothing else: `learning off` and `neigh_suppress on` of the port, `nolearning` of the device; again whenever somebody changes it.',
      allowed: 'true or false',
    }),
    log: Type.Object(
      {
        level: Type.Union(
          [Type.Literal('debug'), Type.Literal('info'), Type.Literal('warn'), Type.Literal('error')],
          {
            default: 'info',
            description: 'The least severity that is logged: `debug`, `info`, `warn` or `error`.',
            allowed: 'debug, info, warn or error',
          },
        ),
      },
      { ...closed, default: {}, description: 'The log.', allowed: 'a mapping' },
    ),
    kernel: Type.Object(
      {
        'receive-buffer-bytes': Type.Integer({
          minimum: 65536,
          maximum: 1073741823,
          default: 134217728,
          description:
            'Bytes of kernel notifications that may wait (SO_RCVBUFFORCE); about 832 a notification. An overrun costs a resync, not correctness.',
          allowed: 'bytes from 65536 to 1073741823',
          reload: 'restart',
        }),
      },
      { ...closed, default: {}, description: 'The netlink sockets.', allowed: 'a mapping' },
    ),
    mode: Type.Union([Type.Literal('active'), Type.Literal('observe')], {
      default: 'active',
      description:
        'What evpnd does with what it decides: `active` writes rows and announces routes; `observe` does neither, so that it can be tried beside another daemon, and lists at `/api/v1/pending-writes` what it would write.',
      allowed: 'active or observe',
      reload: 'restart',
    }),
    'on-stop': Type.Union([Type.Literal('flush'), Type.Literal('preserve')], {
      default: 'preserve',
      description:
        'What SIGTERM does with the rows that evpnd wrote: `preserve` leaves them for the next start to adopt, `flush` removes them.',
      allowed: 'flush or preserve',
    }),
    'sweep-deferral-time': Type.Integer({
      minimum: 0,
      maximum: 3600,
      default: 60,
      description:
        'Seconds after the start after which rows found then are swept, if some neighbor has not sent its End-of-RIB by then.',
      allowed: 'seconds from 0 to 3600',
      reload: 'restart',
    }),
    'state-directory': Type.String({
      default: DEFAULT_STATE_DIRECTORY,
      description: 'Where evpnd keeps what must outlive it, such as the numbers of route distinguishers.',
      allowed: 'an absolute path',
      reload: 'restart',
    }),
  },
  { ...closed, allowed: 'a mapping with at least asn, router-id and neighbors' },
);

/** The file's content after validation: kebab-case, defaults filled, text still text. */
export type ConfigFile = Static<typeof ConfigSchema>;
