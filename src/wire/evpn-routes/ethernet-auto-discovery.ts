import { type Esi, esiFromBytes, esiToBytes, formatEsi, type RouteDistinguisher } from '../../types/index.js';
import { lengthFault, type RouteCodec, readRd, writeRd } from './codec.js';

const TYPE = 1;
const NAME = 'Ethernet A-D';
const LENGTH = 25;

/** MAX-ET: the Ethernet tag of an Ethernet A-D per ES route (RFC 7432 §8.2.1). */
export const MAX_ETHERNET_TAG = 0xffff_ffff;

/** Ethernet A-D (RFC 7432 §7.1), per ES with MAX_ETHERNET_TAG, else per EVI. The label is the raw 24-bit field: a VNI with VXLAN (RFC 8365 §5.1.3). */
export interface EthernetAutoDiscovery {
  readonly type: typeof TYPE;
  readonly rd: RouteDistinguisher;
  readonly esi: Esi;
  readonly ethernetTag: number;
  readonly label: number;
}

/** RFC 7432 §7.1: RD 8, ESI 10, Ethernet tag 4, label 3. */
export const ethernetAutoDiscovery: RouteCodec<EthernetAutoDiscovery> = {
  fault: (_bytes, _at, length) => (length === LENGTH ? undefined : lengthFault(length, NAME, LENGTH)),
  decode: (bytes, at) => ({
    type: TYPE,
    rd: readRd(bytes, at),
    esi: esiFromBytes(bytes, at + 8),
    ethernetTag: bytes.readUInt32BE(at + 18),
    label: bytes.readUIntBE(at + 22, 3),
  }),
  length: () => LENGTH,
  encode(route, bytes, at) {
    writeRd(route.rd, bytes, at);
    esiToBytes(route.esi, bytes, at + 8);
    bytes.writeUInt32BE(route.ethernetTag, at + 18);
    bytes.writeUIntBE(route.label, at + 22, 3);
  },
  keyOnly: (route) => ({ ...route, label: 0 }),
  head: (route) => route.esi,
  sameTail: (a, b) => a.ethernetTag === b.ethernetTag,
  tail: (route) => String(route.ethernetTag),
  sameRest: (a, b) => a.label === b.label,
  vni: ({ label }) => label,
  format: (route) => `[1]:[${route.ethernetTag}]:[${formatEsi(route.esi)}]`,
};
