import { formatIp } from '../types/index.js';
import { readTokenFile } from './key-file.js';
import {
  flag,
  integer,
  list,
  oneOf,
  optional,
  parsed,
  required,
  section,
  setting,
  text,
  texts,
} from './setting.js';
import { EVPN } from './settings-evpn.js';
import { AS_NUMBER, addressStandIn, LISTEN_RANGE, NEIGHBOR, PEER_GROUP, PORT } from './settings-neighbor.js';
import { POLICY } from './settings-policy.js';
import { UNDERLAY } from './settings-underlay.js';
import { readCertificateFile, readTlsKeyFile } from './tls-files.js';
import {
  absolutePath,
  formatListenAddress,
  parseAddresses,
  parseListenAddresses,
  parseRouterId,
} from './values.js';

export const DEFAULT_STATE_DIRECTORY = '/var/lib/evpnd';

/** Longest path of a Unix socket: sun_path is 108 octets with its terminator (unix(7)). */
const LONGEST_SOCKET_PATH = 107;
/** PATH_MAX with its terminator is 4096 (linux/limits.h). */
const LONGEST_PATH = 4095;

const LEVELS = oneOf('debug', 'info', 'warn', 'error');

const subsystemLevel = (what: string) =>
  optional(LEVELS, {
    description: `Of ${what}. Default: \`log.level\`.`,
    effect: 'live',
    change: 'applies from the next line on',
  });

const TLS_FILES = {
  effect: 'live',
  change:
    'new connections have what the files have now, under the same names or others; the first certificate, and the last one that goes, end the connections over TCP',
} as const;

/** The table of settings: every key of the configuration file, in the order of the manual. */
export const SETTINGS = {
  asn: required(integer(1, 4294967295), {
    description: 'Our AS number.',
    allowed: AS_NUMBER,
    standIn: () => 1,
    effect: 'restart',
  }),
  'router-id': parsed(
    required(text('an IPv4 address other than 0.0.0.0'), {
      description: 'The BGP identifier, usually the address of the loopback device.',
      standIn: addressStandIn,
      effect: 'restart',
    }),
    parseRouterId,
    formatIp,
  ),
  neighbors: list({
    description: 'The BGP neighbors, usually the spines.',
    allowed: 'a list of neighbors',
    isRequired: true,
    itemAllowed: 'a neighbor: address or interface, remote-as and more',
    knownBy: ['address', 'interface'],
    rows: NEIGHBOR,
    change: 'only the session of a neighbor that is added or removed starts or ends',
  }),
  'listen-ranges': list({
    description:
      'Prefixes from which neighbors may connect that are not configured each. A range may have every setting of a neighbor but `address`, `interface`, `port`, `passive`, `local-address`, `update-source` and `connect-retry-time`. evpnd never connects to such a neighbor, and forgets it when its session has ended. `password-file` is a key for the prefix; connections from a range with `shutdown` are refused with its text.',
    allowed: 'a list of ranges',
    isRequired: false,
    itemAllowed: 'a range: prefix, remote-as and more',
    knownBy: ['prefix'],
    rows: LISTEN_RANGE,
    change: 'only the sessions of neighbors that are in no range any more end',
  }),
  'peer-groups': list({
    description:
      'Settings that several neighbors share. A peer group may have every setting of a neighbor but `address` and `interface`; a neighbor has those of its peer group where it has none of its own.',
    allowed: 'a list of peer groups',
    isRequired: false,
    itemAllowed: 'a peer group: name and settings of a neighbor',
    knownBy: ['name'],
    rows: PEER_GROUP,
    change: 'nothing changes for neighbors whose settings are the same',
  }),
  policies: list({
    description:
      'Policies of routes ([policies](policies.md)), which neighbors name in `import-policy` and `export-policy`.',
    allowed: 'a list of policies',
    isRequired: false,
    itemAllowed: 'a policy: name, rules and otherwise',
    knownBy: ['name'],
    rows: POLICY,
    change: 'nothing changes for neighbors whose policies are the same',
  }),
  bgp: section('The BGP speaker.', {
    listen: parsed(
      setting(texts('a list of addresses', 'an IPv4 or IPv6 address', addressStandIn), {
        description: 'Addresses on which neighbors may connect; an empty list for none.',
        default: ['0.0.0.0', '::'],
        effect: 'restart',
      }),
      parseAddresses,
      (ips) => ips.map(formatIp),
    ),
    port: setting(PORT, {
      description: 'The TCP port on which neighbors may connect.',
      default: 179,
      effect: 'restart',
    }),
    'always-compare-med': setting(flag, {
      description:
        'Compares MULTI_EXIT_DISC also between paths of different neighboring ASes ([best path](best-path.md)). All leaves of a fabric should have the same.',
      default: false,
      effect: 'restart',
    }),
  }),
  evpn: EVPN,
  underlay: UNDERLAY,
  api: section('The REST API.', {
    'unix-socket': parsed(
      setting(text(`an absolute path of at most ${LONGEST_SOCKET_PATH} bytes`), {
        description: 'Path of the Unix socket of the REST API, mode 0660.',
        default: '/run/evpnd/api.sock',
        effect: 'restart',
      }),
      absolutePath(LONGEST_SOCKET_PATH),
    ),
    listen: parsed(
      setting(
        texts(
          'a list of address:port',
          'address:port, IPv6 as [address]:port',
          (index) => `127.0.0.1:${index + 1}`,
        ),
        {
          description:
            'TCP addresses of the REST API; an empty list for none. Without `api.token-file` whoever reaches them can read it.',
          default: ['127.0.0.1:8179'],
          effect: 'restart',
        },
      ),
      parseListenAddresses,
      (addresses) => addresses.map(formatListenAddress),
    ),
    tls: section('TLS on the TCP addresses of the REST API; without it they speak plain HTTP.', {
      certificate: parsed(
        optional(text('an absolute path'), {
          description:
            "Path of a file with the API's certificate in PEM, those of its chain behind it. With it and `api.tls.key` every address of `api.listen` speaks HTTPS alone.",
          ...TLS_FILES,
        }),
        readCertificateFile,
        ({ source, fingerprint }) => `${source} (${fingerprint})`,
      ),
      key: parsed(
        optional(text('an absolute path'), {
          description:
            'Path of a file with the private key of the certificate in PEM, without a passphrase, that the user of evpnd alone may read.',
          ...TLS_FILES,
        }),
        readTlsKeyFile,
        ({ source, fingerprint }) => `${source} (${fingerprint})`,
      ),
    }),
    'token-file': parsed(
      optional(text('an absolute path'), {
        description:
          'Path of a file with a bearer token (RFC 6750), 16 to 512 characters on one line, that the user of evpnd alone may read. With it every request over TCP but `/livez` and `/readyz` needs `Authorization: Bearer TOKEN`; with `api.tls` beside it commands and changes of the configuration are taken over TCP too.',
        effect: 'live',
        change: 'the next request needs the token that the file has now',
      }),
      readTokenFile,
      ({ source, fingerprint }) => `${source} (${fingerprint})`,
    ),
  }),
  'manage-port-settings': setting(flag, {
    description:
      'Sets `learning off` and `neigh_suppress on` of the bridge ports of our VXLAN devices and `nolearning` of the devices, and nothing else; restores them whenever they are changed.',
    default: false,
    effect: 'live',
    change: 'with `true` they are set at once; with `false` they stay as they are',
  }),
  log: section('The log.', {
    level: setting(LEVELS, {
      description: 'The lowest severity that is logged: `debug`, `info`, `warn` or `error`.',
      default: 'info',
      effect: 'live',
      change: 'applies from the next line on',
    }),
    subsystems: section(
      'Another `level` for the lines of a subsystem: those whose `event` begins with its name ([log.md](log.md)).',
      {
        daemon: subsystemLevel('start, stop and the first synchronization'),
        config: subsystemLevel('the configuration file'),
        api: subsystemLevel('the REST API'),
        bgp: subsystemLevel('sessions and what comes over them'),
        bfd: subsystemLevel('BFD'),
        nd: subsystemLevel('router advertisements'),
        evpn: subsystemLevel('VNIs, moves and duplicates'),
        hosts: subsystemLevel('hosts of our own ports'),
        kernel: subsystemLevel('devices, rows and netlink'),
      },
    ),
  }),
  kernel: section('The netlink sockets.', {
    'receive-buffer-bytes': setting(integer(65536, 1073741823, 'bytes'), {
      description:
        'Receive buffer for kernel notifications (SO_RCVBUFFORCE); about 832 a notification. An overrun costs a resync, not correctness.',
      default: 134217728,
      effect: 'restart',
    }),
  }),
  mode: setting(oneOf('active', 'observe'), {
    description:
      'What evpnd does with its decisions: `active` writes rows and announces routes; `observe` does neither, so that it can be tried beside another daemon, and lists at `/api/v1/pending-writes` what it would write.',
    default: 'active',
    effect: 'restart',
  }),
  drain: setting(flag, {
    description:
      'Tells every neighbor that this leaf goes away ([maintenance](operator.md#maintenance-drain)): its routes have the community GRACEFUL_SHUTDOWN (RFC 8326), and LOCAL_PREF 0 for neighbors in our own AS. Nothing is withdrawn.',
    default: false,
    effect: 'live',
    change:
      'the routes of this leaf are announced again, with or without the community; no session ends, no row changes',
  }),
  'on-stop': setting(oneOf('flush', 'preserve'), {
    description:
      'What SIGTERM does with the rows that evpnd wrote: `preserve` leaves them for the next start to adopt, `flush` removes them.',
    default: 'preserve',
    effect: 'live',
    change: 'applies when evpnd stops',
  }),
  'sweep-deferral-time': setting(integer(0, 3600, 'seconds'), {
    description:
      'Seconds after the start after which rows of an earlier evpnd that no route has confirmed are removed, even if a neighbor has not sent End-of-RIB.',
    default: 60,
    effect: 'restart',
  }),
  'state-directory': parsed(
    setting(text('an absolute path'), {
      description:
        'Directory for data that must survive a restart, such as the numbers of route distinguishers.',
      default: DEFAULT_STATE_DIRECTORY,
      effect: 'restart',
    }),
    absolutePath(LONGEST_PATH),
  ),
};
