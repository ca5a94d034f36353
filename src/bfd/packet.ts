/** States of RFC 5880 §4.1, each at its number. */
export const BFD_STATES = ['AdminDown', 'Down', 'Init', 'Up'] as const;
export type BfdState = (typeof BFD_STATES)[number];

/** Diagnostics of RFC 5880 §4.1, each at its number, in the RFC's words. */
const DIAGNOSTICS = [
  'No Diagnostic',
  'Control Detection Time Expired',
  'Echo Function Failed',
  'Neighbor Signaled Session Down',
  'Forwarding Plane Reset',
  'Path Down',
  'Concatenated Path Down',
  'Administratively Down',
  'Reverse Concatenated Path Down',
] as const;

/** Those that we give ourselves. */
export const Diagnostic = {
  NONE: 0,
  DETECTION_TIME_EXPIRED: 1,
  NEIGHBOR_SIGNALED_DOWN: 3,
  ADMINISTRATIVELY_DOWN: 7,
} as const;

/** The diagnostic's name; one that is not registered is named by its number. */
export function diagnosticText(diagnostic: number): string {
  return DIAGNOSTICS[diagnostic] ?? `Diagnostic ${diagnostic}`;
}

/** A BFD Control packet (RFC 5880 §4.1) without authentication. Intervals are in microseconds. */
export interface ControlPacket {
  /** 0 to 31. */
  readonly diagnostic: number;
  readonly state: BfdState;
  readonly poll: boolean;
  readonly final: boolean;
  /** The C bit: the sender's BFD goes on when its control plane fails. */
  readonly controlPlaneIndependent: boolean;
  /** The D bit. */
  readonly demand: boolean;
  readonly detectMultiplier: number;
  readonly myDiscriminator: number;
  /** 0 where the sender does not know it. */
  readonly yourDiscriminator: number;
  readonly desiredMinTx: number;
  readonly requiredMinRx: number;
  readonly requiredMinEchoRx: number;
}

/** Octets of a packet without authentication. */
export const PACKET_LENGTH = 24;
/** The least with the A bit set: two octets of an authentication section. */
const LEAST_WITH_AUTHENTICATION = 26;

const POLL = 0x20;
const FINAL = 0x10;
const CONTROL_PLANE_INDEPENDENT = 0x08;
const AUTHENTICATION_PRESENT = 0x04;
const DEMAND = 0x02;
const MULTIPOINT = 0x01;

/** Why a packet is discarded that no session was looked for (RFC 5880 §6.8.6). */
export type Malformed =
  | 'length'
  | 'version'
  | 'detect-multiplier'
  | 'multipoint'
  | 'my-discriminator'
  | 'your-discriminator'
  | 'authentication';

/**
 * Reads the `length` octets at `start`, with the checks of RFC 5880 §6.8.6 in their order that need no session, and that of
 * the A bit, since no session of ours authenticates. Never throws for what it reads.
 */
export function decodeControl(bytes: Buffer, start: number, length: number): ControlPacket | Malformed {
  if (length < PACKET_LENGTH) return 'length';
  const first = bytes[start];
  const second = bytes[start + 1];
  if (first >> 5 !== 1) return 'version';
  const authenticated = (second & AUTHENTICATION_PRESENT) !== 0;
  const stated = bytes[start + 3];
  if (stated < (authenticated ? LEAST_WITH_AUTHENTICATION : PACKET_LENGTH) || stated > length)
    return 'length';
  const detectMultiplier = bytes[start + 2];
  if (detectMultiplier === 0) return 'detect-multiplier';
  if ((second & MULTIPOINT) !== 0) return 'multipoint';
  const myDiscriminator = bytes.readUInt32BE(start + 4);
  if (myDiscriminator === 0) return 'my-discriminator';
  const state = BFD_STATES[second >> 6];
  const yourDiscriminator = bytes.readUInt32BE(start + 8);
  if (yourDiscriminator === 0 && state !== 'Down' && state !== 'AdminDown') return 'your-discriminator';
  if (authenticated) return 'authentication';
  return {
    diagnostic: first & 0x1f,
    state,
    poll: (second & POLL) !== 0,
    final: (second & FINAL) !== 0,
    controlPlaneIndependent: (second & CONTROL_PLANE_INDEPENDENT) !== 0,
    demand: (second & DEMAND) !== 0,
    detectMultiplier,
    myDiscriminator,
    yourDiscriminator,
    desiredMinTx: bytes.readUInt32BE(start + 12),
    requiredMinRx: bytes.readUInt32BE(start + 16),
    requiredMinEchoRx: bytes.readUInt32BE(start + 20),
  };
}

/** Writes the packet's 24 octets at the beginning of `bytes`. */
export function encodeControl(packet: ControlPacket, bytes: Buffer): void {
  bytes[0] = (1 << 5) | packet.diagnostic;
  bytes[1] =
    (BFD_STATES.indexOf(packet.state) << 6) |
    (packet.poll ? POLL : 0) |
    (packet.final ? FINAL : 0) |
    (packet.controlPlaneIndependent ? CONTROL_PLANE_INDEPENDENT : 0) |
    (packet.demand ? DEMAND : 0);
  bytes[2] = packet.detectMultiplier;
  bytes[3] = PACKET_LENGTH;
  bytes.writeUInt32BE(packet.myDiscriminator, 4);
  bytes.writeUInt32BE(packet.yourDiscriminator, 8);
  bytes.writeUInt32BE(packet.desiredMinTx, 12);
  bytes.writeUInt32BE(packet.requiredMinRx, 16);
  bytes.writeUInt32BE(packet.requiredMinEchoRx, 20);
}
