/** The UPDATEs of a table, and the shapes that other speakers than FRR give to them. */
import { AttributeCode, AttributeFlag, HEADER_LENGTH, type UpdateEncoder } from '../src/wire/index.js';
import {
  attributesAt,
  indexes,
  type macRouteAt,
  type Routes,
  routesAt,
  SPINE_ASN,
  type UpdateShape,
  vniIndexOf,
  vtepIndexOf,
} from './workload.js';

/** So many routes leave room in 4,096 octets for any of the shapes. */
const ROUTES_IN_A_SHAPE = 80;
/** AS numbers behind the spine's. */
const FARTHER_ASN = 65_100;
const AS_SEQUENCE = 2;
const ATTRIBUTES_AT = HEADER_LENGTH + 4;

/** The UPDATEs that announce or withdraw routes behind their first VTEP; `packed` puts many into each, else one. */
export function tableUpdates(
  encoder: UpdateEncoder,
  routes: Routes,
  packed: boolean,
  verb: 'announce' | 'withdraw',
): Buffer[] {
  const { shape } = routes;
  const most = !packed ? 1 : shape ? ROUTES_IN_A_SHAPE : Number.POSITIVE_INFINITY;
  const sets = new Map<number, ReturnType<typeof attributesAt>>();
  const messages: Buffer[] = [];
  let group: ReturnType<typeof macRouteAt>[] = [];
  let [vni, vtep] = [-1, -1];
  const attributes = () => {
    const key = vni * 2 ** 16 + vtep;
    const known = sets.get(key) ?? attributesAt(vni, vtep, shape?.mobility ?? 0);
    sets.set(key, known);
    return known;
  };
  const flush = () => {
    if (group.length === 0) return;
    if (verb === 'withdraw') messages.push(...encoder.withdraw(group));
    else
      for (const message of encoder.announce(attributes(), group))
        messages.push(shape ? inShape(message, shape, vtep) : message);
    group = [];
  };
  for (const i of indexes(routes)) {
    const [itsVni, itsVtep] = [vniIndexOf(routes, i), vtepIndexOf(routes, i, 0)];
    if (itsVni !== vni || itsVtep !== vtep) {
      flush();
      [vni, vtep] = [itsVni, itsVtep];
    }
    for (const route of routesAt(routes, i, vtep)) {
      group.push(route);
      if (group.length >= most) flush();
    }
  }
  flush();
  return messages;
}

interface Attribute {
  readonly code: number;
  readonly bytes: Buffer;
}

/** The path attributes of an UPDATE without withdrawn routes, each with its header, in order. */
function attributesOf(message: Buffer): Attribute[] {
  const found: Attribute[] = [];
  for (let at = ATTRIBUTES_AT; at < message.length; ) {
    const extended = (message[at] & AttributeFlag.EXTENDED_LENGTH) !== 0;
    const length = extended ? 4 + message.readUInt16BE(at + 2) : 3 + message[at + 2];
    found.push({ code: message[at + 1], bytes: message.subarray(at, at + length) });
    at += length;
  }
  return found;
}

/** An UPDATE of these attributes with the header of another. */
function joined(message: Buffer, attributes: readonly Buffer[]): Buffer {
  const out = Buffer.concat([message.subarray(0, ATTRIBUTES_AT), ...attributes]);
  out.writeUInt16BE(out.length, 16);
  out.writeUInt16BE(out.length - ATTRIBUTES_AT, HEADER_LENGTH + 2);
  return out;
}

/** A path attribute with two octets of length. */
function attribute(flags: number, code: number, value: Uint8Array): Buffer {
  const out = Buffer.alloc(4 + value.length);
  out[0] = flags | AttributeFlag.EXTENDED_LENGTH;
  out[1] = code;
  out.writeUInt16BE(value.length, 2);
  out.set(value, 4);
  return out;
}

/** The UPDATE with one attribute more, behind all others; it may be longer than a message without RFC 8654 is. */
export function withAttribute(message: Buffer, flags: number, code: number, value: Uint8Array): Buffer {
  return joined(message, [...attributesOf(message).map(({ bytes }) => bytes), attribute(flags, code, value)]);
}

/** The UPDATE with another value of an attribute, or with the attribute where it had none. */
export function withValue(message: Buffer, flags: number, code: number, value: Uint8Array): Buffer {
  const others = attributesOf(message).filter((each) => each.code !== code);
  return joined(message, [...others.map(({ bytes }) => bytes), attribute(flags, code, value)]);
}

/** The path of a VTEP: the spine, and behind it others; 1 to `longest` AS numbers. */
function pathOf(longest: number, vtep: number): Buffer {
  const length = 1 + (vtep % longest);
  const value = Buffer.alloc(2 + 4 * length);
  value[0] = AS_SEQUENCE;
  value[1] = length;
  for (let n = 0; n < length; n++) value.writeUInt32BE(n === 0 ? SPINE_ASN : FARTHER_ASN + n, 2 + 4 * n);
  return attribute(AttributeFlag.TRANSITIVE, AttributeCode.AS_PATH, value);
}

/** An UPDATE as our encoder makes it, in the shape that is asked for. */
export function inShape(message: Buffer, { mpReachLast, asPath }: UpdateShape, vtep: number): Buffer {
  const all = attributesOf(message);
  const isMp = ({ code }: Attribute) => code === AttributeCode.MP_REACH_NLRI;
  const ordered = mpReachLast ? [...all.filter((each) => !isMp(each)), ...all.filter(isMp)] : all;
  return joined(
    message,
    ordered.map(({ code, bytes }) =>
      code === AttributeCode.AS_PATH && asPath !== undefined ? pathOf(asPath, vtep) : bytes,
    ),
  );
}
