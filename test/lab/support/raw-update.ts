/** UPDATEs written octet by octet, so that they can be wrong where no encoder of ours would be. */

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** A path attribute with its true length. */
export function attribute(flags: number, code: number, value: Buffer): Buffer {
  const head = Buffer.from([flags, code, 0, 0]);
  if (flags & 0x10) {
    head.writeUInt16BE(value.length, 2);
    return Buffer.concat([head, value]);
  }
  head[2] = value.length;
  return Buffer.concat([head.subarray(0, 3), value]);
}

export const origin = attribute(0x40, 1, hex('00'));
/** AS_SEQUENCE of 65000 in four octets. */
export const asPath = attribute(0x40, 2, hex('02 01 0000fde8'));
/** VXLAN encapsulation and route target 65000:10010. */
export const communities = attribute(0xc0, 16, hex('030c000000000008 0002fde80000271a'));

/** A Type-2 route for VNI 10010 with RD 10.0.0.9:1 and no IP address. */
export function macNlri(mac: string): Buffer {
  return Buffer.concat([
    hex('02 21 0001 0a000009 0001'),
    Buffer.alloc(10),
    hex('00000000 30'),
    hex(mac.replaceAll(':', '')),
    hex('00 00271a'),
  ]);
}

/** MP_REACH_NLRI of L2VPN/EVPN with next hop 10.0.0.9. */
export function mpReach(...nlri: Buffer[]): Buffer {
  return attribute(0x90, 14, Buffer.concat([hex('0019 46 04 0a000009 00'), ...nlri]));
}

/** A whole message of a type, its length true. */
export function message(type: number, body: Buffer): Buffer {
  const head = Buffer.alloc(19, 0xff);
  head.writeUInt16BE(19 + body.length, 16);
  head[18] = type;
  return Buffer.concat([head, body]);
}

/** An UPDATE with these attributes and nothing else. */
export function update(...attributes: Buffer[]): Buffer {
  const all = Buffer.concat(attributes);
  const lengths = Buffer.alloc(4);
  lengths.writeUInt16BE(all.length, 2);
  return message(2, Buffer.concat([lengths, all]));
}
