import type { Log } from '../types/index.js';
import { Audits } from './audits.js';
import type { LinkTable } from './link-table.js';
import type { Monitor } from './monitor.js';
import type { Reader } from './reader.js';
import { Slicer } from './slicer.js';

const RETRY_FIRST = 50;
const RETRY_LAST = 2000;
/** Who waits for what was lost waits so many milliseconds at most: a storm may lose ever more. */
const PATIENCE = 10_000;

/** What re-reading needs of the kernel's owner. */
export interface RereadsOwner {
  readonly monitor: Monitor;
  readonly reader: Reader;
  readonly table: LinkTable;
  /** Reads nexthops and routes, where evpnd writes such. */
  readRoutes(): Promise<void>;
  /** Devices on which something may have gone unheard, see Unheard; taken from here when they are read. */
  readonly unheard: Set<number>;
  readonly endsUnheard: Set<number>;
  /** Resolves when what is being written stands, and will be heard from now on. */
  settle(): Promise<void>;
  tellTopology(): void;
  /** The last reading has noticed that it was closed. */
  ended(): void;
}

/**
 * When and what of the kernel is read again: everything after notifications were lost, a device that appeared and may
 * have brought rows from another namespace, and, slowly, devices on which our own echoes were hidden. One at a time.
 */
export class Rereads {
  /** Complete readings. */
  resyncs = 0;
  readonly #audits: Audits;
  readonly #owner: RereadsOwner;
  readonly #log: Log;
  readonly #devices = new Set<number>();
  /** Those of `#devices` whose link has changed. */
  readonly #changed = new Set<number>();
  /** The device that is read now because its link has changed; 0 for none. */
  flapped = 0;
  #everything = false;
  #routes = false;
  #readsAll = false;
  #waiting: (() => void)[] = [];
  #running = false;
  #closed = false;
  #endPause: (() => void) | undefined;

  constructor(owner: RereadsOwner, log: Log) {
    this.#owner = owner;
    this.#log = log;
    this.#audits = new Audits(owner, (ifindex) => this.#readLater(ifindex));
  }

  /** Devices read again because echoes on them had been hidden. */
  get audits(): number {
    return this.#audits.count;
  }

  /** Something is being read, or will be in the next turn. */
  get pending(): boolean {
    return this.#running || this.#isAsked;
  }

  get #isAsked(): boolean {
    return this.#everything || this.#routes || this.#devices.size > 0;
  }

  /** Resolves once what was lost has been read again, or has been waited for long enough. */
  whole(): Promise<void> {
    if (!this.#everything && !this.#readsAll) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, PATIENCE);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Reads everything for the first time; rejects where the kernel cannot be read. */
  async first(): Promise<void> {
    this.#everything = true;
    await this.#run(true);
  }

  /** Reads everything again, in a later turn: not amid the notification that asks for it. */
  everything(): void {
    this.#everything = true;
    this.#runLater();
  }

  /** Reads the rows of a device whose link has changed, in a later turn. */
  device(ifindex: number): void {
    this.#changed.add(ifindex);
    this.#readLater(ifindex);
  }

  /** Reads nexthops and routes, in a later turn. */
  routes(): void {
    this.#routes = true;
    this.#runLater();
  }

  #readLater(ifindex: number): void {
    this.#devices.add(ifindex);
    this.#runLater();
  }

  /** Something is being written unheard: its devices are read again, each in its time. */
  auditLater(): void {
    this.#audits.wrote();
  }

  /** Reads no more; true where a reading is under way that will call `ended`. */
  close(): boolean {
    this.#closed = true;
    this.#audits.close();
    this.#endPause?.();
    return this.#running;
  }

  #runLater(): void {
    setImmediate(() => {
      this.#run(false).catch((error: unknown) => this.#log.error({ err: error }, 're-reading failed'));
    });
  }

  /** Reads while there is something to read. Rejects only where `first` fails. */
  async #run(first: boolean): Promise<void> {
    if (this.#running || this.#closed) return;
    this.#running = true;
    let pause = RETRY_FIRST;
    try {
      while (!this.#closed && this.#isAsked) {
        const whole = this.#everything;
        this.#readsAll = whole;
        this.#everything = false;
        const routes = this.#routes;
        this.#routes = false;
        try {
          await this.#owner.settle();
          if (this.#closed) break;
          if (whole) await this.#readAll();
          else {
            await this.#readDevices();
            if (routes && !this.#closed) await this.#owner.readRoutes();
          }
        } catch (error) {
          if (first) throw error;
          this.#everything = true;
          this.#log.error({ err: error }, 're-reading the kernel failed and is tried again');
        }
        this.#readsAll = false;
        if (!this.#everything) continue;
        // Overrun anew while reading: a storm, which more dumps would only feed
        await this.#pauseFor(pause);
        pause = Math.min(pause * 2, RETRY_LAST);
      }
    } finally {
      this.#running = false;
      this.#wake();
      if (this.#closed) this.#owner.ended();
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  #pauseFor(milliseconds: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #readAll(): Promise<void> {
    const { monitor, reader, table } = this.#owner;
    const started = performance.now();
    const slicer = new Slicer();
    // An overrun while something waits would not be reported, and what it drops would be missed
    await monitor.drainAll(slicer);
    // The rows of devices that went unnoticed are asked for as well
    const before = new Set(table.links.keys());
    table.replace(reader.readLinks());
    this.#devices.clear();
    this.#changed.clear();
    this.#owner.unheard.clear();
    this.#owner.endsUnheard.clear();
    this.#owner.tellTopology();
    for (const link of [...table.links.values()]) {
      if (this.#closed) return;
      before.delete(link.ifindex);
      await this.#readDevice(link.ifindex, false);
      await slicer.breathe();
    }
    for (const ifindex of before) await reader.confirmDevice(ifindex);
    await reader.readNeighbors();
    await this.#owner.readRoutes();
    this.#owner.tellTopology();
    if (this.#closed) return;
    this.resyncs++;
    const facts = {
      milliseconds: Math.round(performance.now() - started),
      overruns: monitor.overruns,
      drops: monitor.drops,
    };
    if (this.resyncs === 1) this.#log.info(facts, 'the kernel has been read');
    else this.#log.warn(facts, 'the kernel has been read again, because notifications were lost');
  }

  async #readDevice(ifindex: number, again: boolean): Promise<void> {
    const { reader, table } = this.#owner;
    const link = table.links.get(ifindex);
    const bridge =
      link?.kind === 'bridge'
        ? link.ifindex
        : link && table.links.get(link.master)?.kind === 'bridge'
          ? link.master
          : 0;
    if (bridge === 0 && link?.kind !== 'vxlan') await reader.confirmDevice(ifindex);
    else if (again) await reader.readDeviceAgain(ifindex, bridge);
    else await reader.readDevice(ifindex, bridge);
    if (again) await reader.confirmNeighborsOf(ifindex);
  }

  async #readDevices(): Promise<void> {
    for (const ifindex of [...this.#devices]) {
      this.#devices.delete(ifindex);
      this.#owner.unheard.delete(ifindex);
      this.#owner.endsUnheard.delete(ifindex);
      const started = performance.now();
      if (this.#changed.delete(ifindex)) this.flapped = ifindex;
      try {
        if (!this.#closed) await this.#readDevice(ifindex, true);
      } finally {
        this.flapped = 0;
      }
      this.#audits.took(performance.now() - started);
    }
  }
}
