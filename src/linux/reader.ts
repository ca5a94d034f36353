import type {
  BridgeFdbRow,
  KnownRows,
  NeighRow,
  Operation,
  RowKey,
  VxlanFdbRow,
} from '../dataplane/index.js';
import { type Log, MAC_ZERO } from '../types/index.js';
import * as K from './constants.js';
import { codecOf } from './kernel-tables/index.js';
import { questionFor } from './kernel-tables/row-keys.js';
import type { LinkTable } from './link-table.js';
import { NetlinkFormatError } from './message.js';
import { decodeNeigh, type NeighMessage, newNeighMessage } from './neigh-codec.js';
import { encodeBridgeGet, encodeNeighDump, encodeNeighGet, encodeVxlanGet } from './neigh-requests.js';
import type { Programmer } from './programmer.js';
import { readLinks } from './read-links.js';
import { type DumpSocket, NetlinkError, REPEATS } from './route-socket.js';
import { isDeviceRow, RowSet } from './row-set.js';
import { Slicer } from './slicer.js';

/**
 * A dump that fits the kernel's first chunk is made in one go, so that nothing can change underneath; the first chunk of
 * a socket is NLMSG_GOODSIZE at least (include/linux/netlink.h).
 */
const ATOMIC_OCTETS = 3072;

/** Rows of a device up to which a dump is the cheaper way to read them again. */
const DUMP_LIMIT = 20_000;
/** Rows that are looked for between two looks at the clock: a tenth of a millisecond. */
const LOOKS_AT_A_TIME = 64;

/** What a reader needs of its owner. */
export interface ReaderOwner {
  readonly known: KnownRows;
  /** Hands over the notifications that wait. */
  drainAll(slicer: Slicer): Promise<void>;
  /** A row that exists. */
  present(row: NeighMessage): void;
  bridgeRowGone(row: BridgeFdbRow): void;
  vxlanRowGone(row: VxlanFdbRow): void;
  neighRowGone(row: NeighRow): void;
}

/**
 * Reads the kernel's tables by dumps, though notifications come in between and FDB dumps are inconsistent: a row that
 * was notified since the dump began is newer than the dump's; a dump is repeated when rows went while it ran, since each
 * hides another; and what is known but was not in the dump is asked for singly before it is given up.
 */
export class Reader {
  /** Messages of dumps that were cut short. */
  #malformed = 0;
  readonly #dump: DumpSocket;
  readonly #programmer: Programmer;
  readonly #owner: ReaderOwner;
  readonly #log: Log;
  readonly #message = newNeighMessage();
  /** Rows notified since the dump began. */
  readonly #notified = new RowSet();
  readonly #seen = new RowSet();
  #reading = false;
  /** Where notified deletions spoil the dump that runs: a bridge, and a device's own table. */
  #bridge = 0;
  #device = 0;
  #neighbors = false;
  #deletions = 0;
  /** Notifications since the dump began. */
  #heard = 0;
  #closed = false;

  constructor(dump: DumpSocket, programmer: Programmer, owner: ReaderOwner, log: Log) {
    this.#dump = dump;
    this.#programmer = programmer;
    this.#owner = owner;
    this.#log = log;
  }

  /** The owner calls it with every notified row, so that the dump that runs does not overrule it. */
  notified(row: NeighMessage, gone: boolean): void {
    if (!this.#reading) return;
    this.#notified.add(row);
    this.#heard++;
    if (!gone) return;
    const here =
      row.family !== K.AF_BRIDGE
        ? this.#neighbors
        : isDeviceRow(row)
          ? row.ifindex === this.#device
          : row.master === this.#bridge;
    if (here) this.#deletions++;
  }

  /** Ends what runs at its next pause. */
  close(): void {
    this.#closed = true;
  }

  /** Links, VLANs and addresses in one go. Throws NetlinkError. */
  readLinks(): LinkTable {
    return readLinks(this.#dump, this.#guard);
  }

  /** One cut-short message of a dump must not hide those behind it. */
  readonly #guard = (take: () => void): void => {
    try {
      take();
    } catch (error) {
      if (!(error instanceof NetlinkFormatError)) throw error;
      this.#malformed++;
      this.#log.warn({ count: this.#malformed }, `malformed netlink message: ${error.message}`);
    }
  };

  /**
   * Reads the FDB rows of one device: those of its bridge on it, and its own (a bridge: those of its own addresses);
   * then asks for what is known of it and was not there. A device that vanishes meanwhile has no rows.
   */
  async readDevice(ifindex: number, bridgeIfindex: number): Promise<void> {
    this.#begin(bridgeIfindex, ifindex);
    await this.#read(K.AF_BRIDGE, ifindex, this.#take);
    await this.confirmDevice(ifindex);
  }

  #begin(bridgeIfindex: number, ifindex: number): void {
    this.#bridge = bridgeIfindex;
    this.#device = ifindex;
    this.#neighbors = false;
  }

  /** A row of a dump: what was notified since it began is newer. */
  readonly #take = (row: NeighMessage): void => {
    if (this.#notified.has(row)) return;
    this.#seen.add(row);
    this.#owner.present(row);
  };

  /** Asks for every row that is known of this device and was not seen in the dump of it just now; of one that is gone there was none. */
  async confirmDevice(ifindex: number): Promise<void> {
    await this.#confirmDevice(ifindex, async (rows) => {
      for (const row of rows) this.#lose(row);
    });
  }

  /** `ofMany` judges the destinations of those rows that can have several: of them RTM_GETNEIGH gives the first alone. */
  async #confirmDevice(
    ifindex: number,
    ofMany: (rows: readonly VxlanFdbRow[]) => Promise<void>,
  ): Promise<void> {
    const { known } = this.#owner;
    const bridgeRows = await this.#missing(known.bridgeRowsOfPort(ifindex), (rows, row) =>
      rows.hasBridge(row),
    );
    const vxlanRows = await this.#missing(known.vxlanRowsOfDevice(ifindex), (rows, row) =>
      rows.hasVxlan(row),
    );
    await this.#confirm(
      bridgeRows,
      (row, words, sequence) => encodeBridgeGet(words, 0, row.bridgeIfindex, row.vlan, row.mac, sequence),
      (row) => this.#owner.bridgeRowGone(row),
    );
    await ofMany(vxlanRows.filter(isOneOfMany));
    await this.#confirmVxlan(
      vxlanRows.filter((row) => !isOneOfMany(row)),
      (row) => this.#lose(row),
    );
    this.#forget();
  }

  #confirmVxlan(rows: readonly VxlanFdbRow[], gone: (row: VxlanFdbRow) => void): Promise<void> {
    return this.#confirm(
      rows,
      (row, words, sequence) => encodeVxlanGet(words, 0, row.ifindex, row.srcVni, row.mac, sequence),
      gone,
    );
  }

  /** Without a dump the destinations of a VNI stand as they are known while one of them does, and go when none does. */
  readonly #confirmDefaults = async (rows: readonly VxlanFdbRow[]): Promise<void> => {
    const ofVnis = new Map<number, VxlanFdbRow[]>();
    for (const row of rows) {
      const ofVni = ofVnis.get(row.srcVni);
      if (ofVni) ofVni.push(row);
      else ofVnis.set(row.srcVni, [row]);
    }
    await this.#confirmVxlan(
      [...ofVnis.values()].map(([first]) => first),
      ({ srcVni }) => {
        for (const row of ofVnis.get(srcVni) ?? []) this.#lose(row);
      },
    );
  };

  /**
   * The rows that neither the dump had nor a notification since it began, also while they are looked for: of a hundred thousand
   * that takes a while, in which others have their turns.
   */
  async #missing<Row>(rows: Iterable<Row>, isIn: (set: RowSet, row: Row) => boolean): Promise<Row[]> {
    const slicer = new Slicer();
    const missing: Row[] = [];
    let looks = 0;
    this.#reading = true;
    try {
      for (const row of rows) {
        if (this.#closed) break;
        if (!isIn(this.#seen, row) && !isIn(this.#notified, row)) missing.push(row);
        if (++looks % LOOKS_AT_A_TIME === 0) await slicer.breathe();
      }
    } finally {
      this.#reading = false;
    }
    return missing;
  }

  #lose(row: VxlanFdbRow): void {
    if (this.#closed) return;
    this.#owner.vxlanRowGone(row);
  }

  /** Reads the neighbors of both families and asks for those that are known and were not there. */
  async readNeighbors(): Promise<void> {
    this.#bridge = 0;
    this.#device = 0;
    this.#neighbors = true;
    const missing: NeighRow[] = [];
    for (const family of [K.AF_INET, K.AF_INET6]) {
      await this.#read(family, 0, this.#take);
      const wanted = family === K.AF_INET ? 'number' : 'string';
      const unseen = await this.#missing(
        this.#owner.known.neighRows(),
        (rows, row) => typeof row.ip !== wanted || rows.hasNeigh(row),
      );
      for (const row of unseen) missing.push(row);
      this.#forget();
    }
    await this.#confirmNeighbors(missing);
  }

  #confirmNeighbors(rows: readonly NeighRow[]): Promise<void> {
    return this.#confirm(
      rows,
      (row, words, sequence) => encodeNeighGet(words, 0, row.ifindex, row.ip, sequence),
      (row) => this.#owner.neighRowGone(row),
    );
  }

  /**
   * Reads a device again that has been read before: by a dump, or where it has so many rows that a dump, which is
   * quadratic, would hold up everybody else's, row by row.
   */
  async readDeviceAgain(ifindex: number, bridgeIfindex: number): Promise<void> {
    const { known } = this.#owner;
    if (Math.max(known.countOfPort(ifindex), known.countOfDevice(ifindex)) > DUMP_LIMIT)
      await this.#confirmDevice(ifindex, this.#confirmDefaults);
    else if (!(await this.#agrees(ifindex, bridgeIfindex))) await this.readDevice(ifindex, bridgeIfindex);
  }

  /**
   * Compares a dump with what is known, and leaves no trace: most devices that are read again are as they should be. False
   * where they are not, and where anything happened meanwhile.
   */
  async #agrees(ifindex: number, bridgeIfindex: number): Promise<boolean> {
    const { known } = this.#owner;
    this.#begin(bridgeIfindex, ifindex);
    let same = 0;
    let other = 0;
    await this.#read(K.AF_BRIDGE, ifindex, (row) => {
      if (isKnown(known, row)) same++;
      else other++;
    });
    const all = known.countOfPort(ifindex) + known.countOfDevice(ifindex);
    const agrees = other === 0 && this.#heard === 0 && same === all;
    this.#forget();
    return agrees;
  }

  /** Asks for every neighbor that is known of this device. */
  async confirmNeighborsOf(ifindex: number): Promise<void> {
    const rows = await this.#missing(this.#owner.known.neighRowsOf(ifindex), (set, row) => set.hasNeigh(row));
    this.#forget();
    await this.#confirmNeighbors(rows);
  }

  /**
   * Asks for the row of a key that `operation` wrote while `row` reported it, which may be older or newer; and reports what
   * stands. Throws NetlinkError where no answer comes.
   */
  reread(operation: Operation, row: NeighMessage): void {
    for (const key of codecOf(operation).echo?.doubtful(operation, row) ?? []) this.ask(key);
  }

  /** Asks for a row and reports what stands, also that nothing does. Throws NetlinkError where no answer comes. */
  ask(key: RowKey): void {
    const question = questionFor(key);
    const answer = this.#programmer.get((words, sequence) => question.encode(words, key, sequence));
    if (typeof answer !== 'number') this.#owner.present(answer);
    // Any other refusal is of a device that went, which is reported by itself
    else if (answer === K.ENOENT) question.gone(key, this.#owner);
  }

  async #read(family: number, ifindex: number, take: (row: NeighMessage) => void): Promise<void> {
    const slicer = new Slicer();
    const { buffer } = this.#dump;
    const visit = (type: number, at: number, end: number) => {
      if (type !== K.RTM_NEWNEIGH) return;
      this.#guard(() => {
        const row = this.#message;
        decodeNeigh(buffer, at, end, row);
        take(row);
      });
    };
    for (let repeats = 0; !this.#closed; repeats++) {
      // What happened before the dump is in the dump
      await this.#owner.drainAll(slicer);
      this.#forget();
      this.#reading = true;
      this.#dump.start((words, sequence) => encodeNeighDump(words, 0, family, ifindex, sequence));
      try {
        while (!this.#closed && this.#dump.step(visit) === 'more') {
          await slicer.breathe();
          await this.#owner.drainAll(slicer);
        }
        await this.#owner.drainAll(slicer);
      } catch (error) {
        if (!(error instanceof NetlinkError) || error.errno !== K.ENODEV) throw error;
      } finally {
        this.#reading = false;
      }
      const whole = !this.#dump.interrupted && (this.#deletions === 0 || this.#dump.octets <= ATOMIC_OCTETS);
      if (whole) return;
      if (repeats >= REPEATS) {
        this.#log.warn({ ifindex, family, repeats }, 'rows kept going while they were read');
        return;
      }
    }
  }

  #forget(): void {
    this.#notified.clear();
    this.#seen.clear();
    this.#deletions = 0;
    this.#heard = 0;
  }

  async #confirm<Row>(
    rows: readonly Row[],
    encode: (row: Row, words: Uint32Array, sequence: number) => number,
    gone: (row: Row) => void,
  ): Promise<void> {
    const slicer = new Slicer();
    for (const row of rows) {
      if (this.#closed) return;
      const answer = this.#programmer.get((words, sequence) => encode(row, words, sequence));
      if (typeof answer !== 'number') this.#owner.present(answer);
      else if (answer === K.ENOENT || answer === K.ENODEV || answer === K.EINVAL) {
        // EINVAL: the device is there and a bridge no more
        gone(row);
      } else
        this.#log.warn(
          { errno: answer },
          'the kernel does not report whether a row exists; it counts as there',
        );
      await slicer.breathe();
    }
  }
}

/** A default destination, of which a VNI has any number. */
function isOneOfMany({ mac, dst }: VxlanFdbRow): boolean {
  return mac === MAC_ZERO && dst !== undefined;
}

function isKnown(known: KnownRows, row: NeighMessage): boolean {
  const { ifindex, mac, vlan, master, dst, srcVni, nexthopId, state, flags } = row;
  if (mac === undefined) return false;
  return isDeviceRow(row)
    ? known.knowsVxlan(ifindex, srcVni, mac, dst, nexthopId, state, flags)
    : known.knowsBridge(master, vlan, mac, ifindex, state, flags);
}
