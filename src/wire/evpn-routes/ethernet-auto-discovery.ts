import { esiFromBytes, esiToBytes, formatEsi } from '../../types/index.js';
import { type EthernetAutoDiscovery, RouteType } from '../nlri.js';
import { expectLength, type RouteCodec, readRd, writeRd } from './codec.js';

const NAME = 'Ethernet A-D';
const LENGTH = 25;

/** RFC 7432 §7.1: RD 8, ESI 10, Ethernet tag 4, label 3. */
export const ethernetAutoDiscovery: RouteCodec<EthernetAutoDiscovery> = {
  skipsMalformed: true,
  decode(bytes, at, length) {
    expectLength(length, NAME, LENGTH);
    return {
      type: RouteType.ETHERNET_AUTO_DISCOVERY,
      rd: readRd(bytes, at),
      esi: esiFromBytes(bytes, at + 8),
      ethernetTag: bytes.readUInt32BE(at + 18),
      label: bytes.readUIntBE(at + 22, 3),
    };
  },
  length: () => LENGTH,
  encode(route, bytes, at) {
    writeRd(route.rd, bytes, at);
    esiToBytes(route.esi, bytes, at + 8);
    bytes.writeUInt32BE(route.ethernetTag, at + 18);
    bytes.writeUIntBE(route.label, at + 22, 3);
  },
  keyOnly: (route) => ({ ...route, label: 0 }),
  format: (route) => `[1]:[${route.ethernetTag}]:[${formatEsi(route.esi)}]`,
};
