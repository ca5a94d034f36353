import { emptyList } from '../types/index.js';
import { HEADER_LENGTH, MAX_EXTENDED_MESSAGE_LENGTH, MAX_MESSAGE_LENGTH } from './header.js';
import { MessageType } from './messages.js';
import { HeaderSubcode, NotificationCode } from './notification-codes.js';
import { WireError } from './wire-error.js';

/** Least lengths, header included, and whether RFC 8654 lets the type grow beyond 4096; a row a type. */
const LENGTHS: readonly ({ readonly minimum: number; readonly extends: boolean } | undefined)[] = [
  undefined,
  { minimum: 29, extends: false },
  { minimum: 23, extends: true },
  { minimum: 21, extends: true },
  { minimum: HEADER_LENGTH, extends: false },
  { minimum: 23, extends: true },
];

/** A whole message where it lies: what follows its header is `bytes` from `start` to `end`. */
export class WholeMessage {
  constructor(
    readonly type: MessageType,
    readonly bytes: Buffer,
    readonly start: number,
    readonly end: number,
  ) {}

  /** Returns what follows the header, as a view. */
  get body(): Buffer {
    return this.bytes.subarray(this.start, this.end);
  }
}

/**
 * Cuts a byte stream into BGP messages (RFC 4271 §4.1, §6.1). A message that lies in one chunk is handed out as a view
 * of it; one that spans chunks is copied once, into a buffer of its own length, however many chunks it takes.
 */
export class MessageReader {
  /** True once both OPENs carried the extended message capability (RFC 8654): 65535 octets instead of 4096. */
  extendedMessages = false;

  #chunks = emptyList<Buffer>();
  /** Index of the first chunk with unread octets, and the first unread octet in it. */
  #head = 0;
  #offset = 0;
  #unread = 0;

  /** Adds what the socket gave. The reader keeps the buffer and does not change it. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#unread += chunk.length;
  }

  /**
   * The next whole message, or undefined until more is pushed. Throws WireError
   * 1/1, 1/2 or 1/3, and the same again on each later call, since the stream has no place to go on from.
   */
  next(): WholeMessage | undefined {
    if (this.#unread < HEADER_LENGTH) return undefined;
    const chunk = this.#chunks[this.#head];
    const start = this.#offset;
    const inOneChunk = chunk.length - start;
    const spansChunks = inOneChunk < HEADER_LENGTH;
    const header = spansChunks ? this.#peek(HEADER_LENGTH) : chunk;
    const at = spansChunks ? 0 : start;
    const length = this.#check(header, at);
    if (this.#unread < length) return undefined;
    const type = header[at + 18] as MessageType;
    const message =
      inOneChunk >= length
        ? new WholeMessage(type, chunk, start + HEADER_LENGTH, start + length)
        : new WholeMessage(type, this.#peek(length), HEADER_LENGTH, length);
    this.#skip(length);
    return message;
  }

  /** Checks marker, length and type, of the header at `at`, in the order of RFC 4271 §6.1; returns the length. */
  #check(header: Buffer, at: number): number {
    if (
      header.readUInt32BE(at) !== 0xffffffff ||
      header.readUInt32BE(at + 4) !== 0xffffffff ||
      header.readUInt32BE(at + 8) !== 0xffffffff ||
      header.readUInt32BE(at + 12) !== 0xffffffff
    )
      refuse(
        HeaderSubcode.CONNECTION_NOT_SYNCHRONIZED,
        `message marker ${header.toString('hex', at, at + 16)}: expected 16 octets of ff`,
      );
    const type = header[at + 18];
    const length = header.readUInt16BE(at + 16);
    const row = LENGTHS[type];
    const maximum =
      this.extendedMessages && row?.extends !== false ? MAX_EXTENDED_MESSAGE_LENGTH : MAX_MESSAGE_LENGTH;
    const minimum = row?.minimum ?? HEADER_LENGTH;
    if (length < minimum || length > maximum || (type === MessageType.KEEPALIVE && length !== minimum))
      refuse(
        HeaderSubcode.BAD_MESSAGE_LENGTH,
        `message length ${length} of type ${type}: expected ${
          type === MessageType.KEEPALIVE ? minimum : `${minimum} to ${maximum}`
        }`,
        Uint8Array.from(header.subarray(at + 16, at + 18)),
      );
    if (row === undefined)
      refuse(HeaderSubcode.BAD_MESSAGE_TYPE, `message type ${type}: expected 1 to 5`, Uint8Array.of(type));
    return length;
  }

  /** A copy of the next `length` octets, gathered over chunks. The caller has checked that they are there. */
  #peek(length: number): Buffer {
    const copy = Buffer.allocUnsafe(length);
    let from = this.#offset;
    let filled = 0;
    for (let i = this.#head; filled < length; i++) {
      filled += this.#chunks[i].copy(copy, filled, from);
      from = 0;
    }
    return copy;
  }

  #skip(length: number): void {
    this.#unread -= length;
    this.#offset += length;
    while (this.#head < this.#chunks.length && this.#offset >= this.#chunks[this.#head].length)
      this.#offset -= this.#chunks[this.#head++].length;
    // Read chunks are let go once they are half of the list: cheap for many small ones, soon for few large ones
    if (this.#head * 2 >= this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#head);
      this.#head = 0;
    }
  }
}

function refuse(subcode: number, message: string, data?: Uint8Array): never {
  throw new WireError(NotificationCode.MESSAGE_HEADER_ERROR, subcode, message, data);
}
