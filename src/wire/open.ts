import { capabilityName, decodeCapability, encodeCapability } from './capabilities.js';
import { allocateMessage, HEADER_LENGTH } from './header.js';
import { type Capability, MessageType, type OpenMessage } from './messages.js';
import { lengthField } from './notification.js';
import { HeaderSubcode, NotificationCode, OpenSubcode } from './notification-codes.js';
import { WireError } from './wire-error.js';

const BGP_VERSION = 4;
/** Version, My AS, hold time, BGP identifier, optional parameters length. */
const FIXED_LENGTH = 10;
const CAPABILITIES_PARAMETER = 2;
const EXTENDED_LENGTH = 255;

/** How capabilities are put into optional parameters. */
export type CapabilityLayout = 'together' | 'one-by-one';

/**
 * A whole OPEN (RFC 4271 §4.2). All capabilities go into one optional parameter, as RFC 5492 §4 asks; `one-by-one` gives
 * each its own, as older speakers do. Parameters beyond 255 octets are sent in the extended form (RFC 9072 §2).
 */
export function encodeOpen(open: OpenMessage, layout: CapabilityLayout = 'together'): Buffer {
  const encoded = open.capabilities.map(encodeCapability);
  const groups = layout === 'one-by-one' ? encoded : encoded.length > 0 ? [Buffer.concat(encoded)] : [];
  const extended = groups.reduce((sum, group) => sum + 2 + group.length, 0) >= EXTENDED_LENGTH;
  const parameters = Buffer.concat(
    groups.flatMap((group) => [
      extended
        ? Uint8Array.of(CAPABILITIES_PARAMETER, group.length >>> 8, group.length)
        : Uint8Array.of(CAPABILITIES_PARAMETER, group.length),
      group,
    ]),
  );
  const parametersAt = HEADER_LENGTH + FIXED_LENGTH + (extended ? 3 : 0);
  const message = allocateMessage(MessageType.OPEN, parametersAt - HEADER_LENGTH + parameters.length);
  message[HEADER_LENGTH] = open.version;
  message.writeUInt16BE(open.myAs, HEADER_LENGTH + 1);
  message.writeUInt16BE(open.holdTime, HEADER_LENGTH + 3);
  message.writeUInt32BE(open.routerId, HEADER_LENGTH + 5);
  if (extended) {
    message[HEADER_LENGTH + 9] = EXTENDED_LENGTH;
    message[HEADER_LENGTH + 10] = EXTENDED_LENGTH;
    message.writeUInt16BE(parameters.length, HEADER_LENGTH + 11);
  } else message[HEADER_LENGTH + 9] = parameters.length;
  message.set(parameters, parametersAt);
  return message;
}

function fail(subcode: number, message: string, data?: Uint8Array): never {
  throw new WireError(NotificationCode.OPEN_MESSAGE_ERROR, subcode, message, data);
}

/**
 * Reads the body of an OPEN and checks what needs no configuration: version (2/1, data = 4), AS 0 (2/2, RFC 7607), BGP
 * identifier 0 (2/3), unknown optional parameter (2/4), hold time 1 or 2 (2/6), lengths that do not fit (2/0, RFC 4271
 * §6.2). Throws WireError.
 */
export function decodeOpen(body: Buffer): OpenMessage {
  if (body.length < FIXED_LENGTH)
    throw new WireError(
      NotificationCode.MESSAGE_HEADER_ERROR,
      HeaderSubcode.BAD_MESSAGE_LENGTH,
      `OPEN of ${body.length} octets after the header: expected ${FIXED_LENGTH} or more`,
      lengthField(body.length),
    );
  const version = body[0];
  if (version !== BGP_VERSION)
    fail(
      OpenSubcode.UNSUPPORTED_VERSION_NUMBER,
      `BGP version ${version}: expected ${BGP_VERSION}`,
      Uint8Array.of(0, BGP_VERSION),
    );
  const myAs = body.readUInt16BE(1);
  if (myAs === 0) fail(OpenSubcode.BAD_PEER_AS, 'My Autonomous System 0: expected 1 to 65535');
  const holdTime = body.readUInt16BE(3);
  if (holdTime === 1 || holdTime === 2)
    fail(OpenSubcode.UNACCEPTABLE_HOLD_TIME, `hold time ${holdTime} s: expected 0, or 3 and more`);
  const routerId = body.readUInt32BE(5);
  if (routerId === 0) fail(OpenSubcode.BAD_BGP_IDENTIFIER, 'BGP identifier 0: expected any other');
  return { version, myAs, holdTime, routerId, capabilities: decodeParameters(body) };
}

/** Walks the optional parameters, in either length form. */
function decodeParameters(body: Buffer): Capability[] {
  const extended = body[9] !== 0 && body.length > FIXED_LENGTH && body[10] === EXTENDED_LENGTH;
  if (extended && body.length < FIXED_LENGTH + 3)
    fail(OpenSubcode.UNSPECIFIC, 'extended optional parameters length is cut short');
  const start = extended ? FIXED_LENGTH + 3 : FIXED_LENGTH;
  const claimed = extended ? body.readUInt16BE(11) : body[9];
  if (start + claimed !== body.length)
    fail(
      OpenSubcode.UNSPECIFIC,
      `optional parameters length ${claimed}: the message holds ${body.length - start}`,
    );
  const lengthOctets = extended ? 2 : 1;
  const capabilities: Capability[] = [];
  for (let at = start; at < body.length; ) {
    if (at + 1 + lengthOctets > body.length)
      fail(OpenSubcode.UNSPECIFIC, `optional parameter ${body[at]} is cut short`);
    const type = body[at];
    const length = body.readUIntBE(at + 1, lengthOctets);
    at += 1 + lengthOctets;
    if (at + length > body.length)
      fail(
        OpenSubcode.UNSPECIFIC,
        `optional parameter ${type} of length ${length}: ${body.length - at} octets are left`,
      );
    if (type !== CAPABILITIES_PARAMETER)
      fail(
        OpenSubcode.UNSUPPORTED_OPTIONAL_PARAMETER,
        `optional parameter ${type}: expected ${CAPABILITIES_PARAMETER} (capabilities)`,
      );
    decodeCapabilities(body.subarray(at, at + length), capabilities);
    at += length;
  }
  return capabilities;
}

function decodeCapabilities(value: Buffer, capabilities: Capability[]): void {
  for (let at = 0; at < value.length; ) {
    const code = value[at];
    const end = at + 2 + value[at + 1];
    if (at + 2 > value.length || end > value.length)
      fail(OpenSubcode.UNSPECIFIC, `${capabilityName(code)} capability is cut short`);
    const capability = decodeCapability(code, value.subarray(at + 2, end));
    if (capability === undefined)
      fail(
        OpenSubcode.UNSPECIFIC,
        `${capabilityName(code)} capability ${value.toString('hex', at, end)}: its length is wrong`,
      );
    if (capability.code === 65 && capability.asn === 0)
      fail(OpenSubcode.BAD_PEER_AS, '4-octet AS number 0: expected 1 to 4294967295');
    capabilities.push(capability);
    at = end;
  }
}
