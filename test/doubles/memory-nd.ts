import { type NdArrival, type NdChannel, type NdTransport, NdTransportError } from '../../src/nd/index.js';
import { formatIp, type Ip, parseIp } from '../../src/types/index.js';

/** Links in memory: what is sent is noted, what arrives is what a test says. */
export class MemoryNdTransport implements NdTransport {
  /** Messages that were sent, as `ifindex type/lifetime to`. */
  readonly sent: string[] = [];
  readonly #open = new Map<number, (arrival: NdArrival) => void>();
  /** The errno's name with which `open` is refused. */
  refusal: string | undefined;

  get opened(): number[] {
    return [...this.#open.keys()];
  }

  open(ifindex: number, onArrival: (arrival: NdArrival) => void): NdChannel {
    if (this.refusal !== undefined) throw new NdTransportError(this.refusal, 'ask for the permission');
    this.#open.set(ifindex, onArrival);
    return {
      send: (packet: Buffer, to: Ip) => {
        const what = packet[0] === 134 ? `RA ${packet.readUInt16BE(6)}` : 'RS';
        this.sent.push(`${ifindex} ${what} ${formatIp(to)}`);
        return undefined;
      },
      close: () => {
        this.#open.delete(ifindex);
      },
    };
  }

  /** Hands a message over that came by the interface. */
  arrive(ifindex: number, source: string, bytes: Buffer, hopLimit = 255): void {
    this.#open.get(ifindex)?.({ bytes, start: 0, length: bytes.length, source: parseIp(source), hopLimit });
  }
}
