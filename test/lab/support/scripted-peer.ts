/** A leaf that exists as a BGP session alone, so that a test says when each of its messages arrives, and in which UPDATE. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Fabric, waitFor } from '../../../lab/index.js';
import { ESI_ZERO, parseIp, parseMac, RouteDistinguisher, type Vni } from '../../../src/types/index.js';
import {
  decodeUpdateFully,
  type EvpnNlri,
  ExtendedCommunity,
  encodeUpdateFully,
  RouteType,
  UpdateEncoder,
} from '../../../src/wire/index.js';

/** A MAC as the peer announces it. */
export interface Claim {
  mac: string;
  ip?: string;
  /** The VTEP it is said to be behind. */
  vtep: string;
  sequence?: number;
}

const HEADER = 19;
/** A line that its process takes for a command. */
const STOP_READING = 'stop reading';

export class ScriptedPeer {
  private readonly encoder: UpdateEncoder;

  private constructor(
    private readonly child: ChildProcess,
    private readonly vni: number,
    asn: number,
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
    // After a lost session a neighbour takes no connection for a moment (RFC 4271 §8.1.1, DampPeerOscillations).
    const child = await waitFor(
      async () => {
        const process = spawn('ip', command, { stdio: ['pipe', 'pipe', 'inherit'] });
        let said = '';
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
    return new ScriptedPeer(child, at.vni, at.asn);
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
    const mobility = claim.sequence ? [ExtendedCommunity.macMobility(claim.sequence, false)] : [];
    const attributes = {
      nextHop: parseIp(claim.vtep),
      extendedCommunities: [target, ExtendedCommunity.encapsulation(), ...mobility],
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

  /** From now on it reads nothing more, and stays alive. */
  stopReading(): void {
    this.child.stdin?.write(`${STOP_READING}\n`);
  }

  announce(...claims: readonly Claim[]): void {
    this.send(...claims.map((claim) => this.announcement(claim)));
  }

  withdraw(...claims: readonly Claim[]): void {
    this.send(...claims.map((claim) => this.withdrawal(claim)));
  }

  stop(): void {
    this.child.kill('SIGKILL');
  }
}
