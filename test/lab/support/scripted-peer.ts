/** A leaf that exists as a BGP session alone, so that a test says when each of its messages arrives, and in which UPDATE. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Fabric, waitFor } from '../../../lab/index.js';
import {
  ESI_ZERO,
  formatIp,
  formatMac,
  parseIp,
  parseMac,
  RouteDistinguisher,
  type Vni,
} from '../../../src/types/index.js';
import {
  decodeUpdateFully,
  type EvpnNlri,
  ExtendedCommunity,
  ExtendedCommunityType,
  ExtendedCommunityValue,
  encodeUpdateFully,
  extendedCommunityType,
  type OriginatedAttributes,
  RouteType,
  UpdateDecoder,
  UpdateEncoder,
} from '../../../src/wire/index.js';

/** A MAC as the peer announces it. */
export interface Claim {
  mac: string;
  ip?: string;
  /** The VTEP it is said to be behind. */
  vtep: string;
  sequence?: number;
  sticky?: boolean;
  /** Extended communities beside target, encapsulation and mobility. */
  communities?: readonly bigint[];
}

/** An address as the neighbor told it last: what stands, or undefined where it was withdrawn. */
export interface Heard {
  nextHop: string;
  sequence: number;
}

const HEADER = 19;
/** Lines that its process takes for commands. */
const STOP_READING = 'stop reading';
const READ_AGAIN = 'read again';

export class ScriptedPeer {
  private readonly encoder: UpdateEncoder;

  private constructor(
    private readonly child: ChildProcess,
    private readonly vni: number,
    asn: number,
    private readonly said: () => string,
  ) {
    this.encoder = new UpdateEncoder({
      fourOctetAs: true,
      internal: false,
      localAsn: asn,
      maxMessageLength: 4096,
    });
  }

  /** Opens a session from `address`, an address of `node`, to `neighbor`, which must be configured to wait for it. */
  static async start(
    fabric: Fabric,
    at: { node: string; address: string; asn: number; neighbor: string; vni: number },
  ): Promise<ScriptedPeer> {
    const program = fileURLToPath(new URL('./scripted-peer-process.js', import.meta.url));
    const args = [at.address, String(at.asn), at.neighbor];
    const command = ['netns', 'exec', fabric.namespace(at.node), process.execPath, program, ...args];
    let said = '';
    // After a lost session a neighbor takes no connection for a moment (RFC 4271 §8.1.1, DampPeerOscillations).
    const child = await waitFor(
      async () => {
        const process = spawn('ip', command, { stdio: ['pipe', 'pipe', 'inherit'] });
        said = '';
        process.stdout.on('data', (chunk: Buffer) => {
          said += chunk.toString();
        });
        await waitFor(() => said.includes('established') || process.exitCode !== null, {
          what: 'session of the peer',
        });
        if (process.exitCode !== null) throw new Error(`the peer ended: ${said}`);
        return process;
      },
      { what: 'peer', interval: 300 },
    );
    return new ScriptedPeer(child, at.vni, at.asn, () => said);
  }

  private nlri({ mac, ip, vtep }: Claim): EvpnNlri {
    return {
      type: RouteType.MAC_IP_ADVERTISEMENT,
      rd: RouteDistinguisher.parse(`${vtep}:1`),
      esi: ESI_ZERO,
      ethernetTag: 0,
      mac: parseMac(mac),
      ip: ip === undefined ? undefined : parseIp(ip),
      label1: this.vni as Vni,
      label2: undefined,
    };
  }

  /** The UPDATE that announces. */
  announcement(claim: Claim): Buffer {
    const target = (2n << 48n) | (65000n << 32n) | BigInt(this.vni);
    const { sequence = 0, sticky = false, communities = [] } = claim;
    const mobility = sequence > 0 || sticky ? [ExtendedCommunity.macMobility(sequence, sticky)] : [];
    const attributes = {
      nextHop: parseIp(claim.vtep),
      extendedCommunities: [target, ExtendedCommunity.encapsulation(), ...mobility, ...communities],
      pmsiTunnel: undefined,
    };
    return this.encoder.announce(attributes, [this.nlri(claim)])[0];
  }

  /** The UPDATE that withdraws. */
  withdrawal(claim: Claim): Buffer {
    return this.encoder.withdraw([this.nlri(claim)])[0];
  }

  /** One UPDATE that withdraws the first and announces the second. */
  exchange(gone: Claim, come: Claim): Buffer {
    const session = { fourOctetAs: true, internal: false };
    const [a, b] = [this.withdrawal(gone), this.announcement(come)].map((message) =>
      decodeUpdateFully(message.subarray(HEADER), session),
    );
    return encodeUpdateFully({ ...b, attributes: [...a.attributes, ...b.attributes] }, session);
  }

  /** Sends messages in one piece. */
  send(...messages: readonly Buffer[]): void {
    this.child.stdin?.write(`${Buffer.concat(messages).toString('hex')}\n`);
  }

  /** Says that it has told all (RFC 4724 §2). */
  endOfRib(): void {
    this.send(this.encoder.endOfRib());
  }

  /** What the neighbor has told of Type-2 routes since the session began, by `MAC` or `MAC IP`: in its order. */
  heard(): Map<string, (Heard | undefined)[]> {
    const decoder = new UpdateDecoder();
    const told = new Map<string, (Heard | undefined)[]>();
    const note = (nlri: EvpnNlri, heard: Heard | undefined) => {
      if (nlri.type !== RouteType.MAC_IP_ADVERTISEMENT) return;
      const key = nlri.ip === undefined ? formatMac(nlri.mac) : `${formatMac(nlri.mac)} ${formatIp(nlri.ip)}`;
      told.set(key, [...(told.get(key) ?? []), heard]);
    };
    for (const [, hex] of this.said().matchAll(/^update ([0-9a-f]*)\n/gm)) {
      const update = decoder.decode(Buffer.from(hex, 'hex'), { fourOctetAs: true, internal: false });
      for (const nlri of update.withdrawn) note(nlri, undefined);
      for (const nlri of update.reachable) {
        const mobility = update.attributes?.extendedCommunities.find(
          (each) => extendedCommunityType(each) === ExtendedCommunityType.MAC_MOBILITY,
        );
        note(nlri, {
          nextHop: update.attributes?.nextHop === undefined ? '' : formatIp(update.attributes.nextHop),
          sequence: mobility === undefined ? 0 : ExtendedCommunityValue.sequence(mobility),
        });
      }
    }
    return told;
  }

  /** From now on it reads nothing more, and stays alive. */
  stopReading(): void {
    this.child.stdin?.write(`${STOP_READING}\n`);
  }

  /** Undoes `stopReading`. */
  readAgain(): void {
    this.child.stdin?.write(`${READ_AGAIN}\n`);
  }

  announce(...claims: readonly Claim[]): void {
    this.send(...claims.map((claim) => this.announcement(claim)));
  }

  /** Announces routes of any kind with these attributes. */
  say(attributes: OriginatedAttributes, ...routes: readonly EvpnNlri[]): void {
    this.send(...this.encoder.announce(attributes, [...routes]));
  }

  /** Withdraws routes of any kind. */
  unsay(...routes: readonly EvpnNlri[]): void {
    this.send(...this.encoder.withdraw([...routes]));
  }

  withdraw(...claims: readonly Claim[]): void {
    this.send(...claims.map((claim) => this.withdrawal(claim)));
  }

  stop(): void {
    this.child.kill('SIGKILL');
  }
}
