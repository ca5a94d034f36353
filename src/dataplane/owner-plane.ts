import type { Operation, RowKey } from './kernel.js';
import { TABLE_NAMES } from './kernel-tables/index.js';
import type { Failure, Intent } from './kernel-tables/intents.js';
import type { PlaneKey, TableKeys, TableName } from './kernel-tables/key.js';
import type { Stage } from './kernel-tables/order.js';
import type { DeviceName, OwnedTable, OwnerPlace } from './kernel-tables/owned-table.js';
import type { RowOwner } from './owner.js';

/** A key that was taken to be looked at: whose it is, and the number of its first operation. */
export type TakenKey = PlaneKey & { readonly plane: OwnerPlane; readonly from: number };

/** What one owner has of each table that it has rows in. */
export type OwnedTables = { readonly [Name in TableName]?: OwnedTable<TableKeys[Name]> };

/** What one owner should have in the kernel, table by table, and which of its keys are to be looked at. Writes nothing. */
export abstract class OwnerPlane implements OwnerPlace {
  /** True when evpnd no longer serves the owner: it lives until its rows are gone. */
  retired = false;
  /** It waits for the reconciler, which alone writes this. */
  isQueued = false;
  #latestName: TableName | undefined = undefined;
  #latest: unknown;

  constructor(readonly owner: RowOwner) {}

  abstract readonly tables: OwnedTables;
  abstract readonly at: object | undefined;

  /** What its rows stand on carries frames. */
  abstract get isUp(): boolean;

  /** The device that is named where something is wrong with its rows; '' while there is none. */
  abstract get deviceName(): string;

  get isLive(): boolean {
    return this.isUp && !this.retired;
  }

  get dirty(): number {
    let dirty = 0;
    for (const name of TABLE_NAMES) dirty += this.tables[name]?.dirty ?? 0;
    return dirty;
  }

  /** It is served no more, stands nowhere, and nobody waits for a key of it: it can be forgotten. */
  get isOver(): boolean {
    return (
      this.retired && this.at === undefined && TABLE_NAMES.every((name) => this.tables[name]?.isIdle ?? true)
    );
  }

  /** Queues one key; keys that are queued already stay once. */
  mark<Name extends TableName>(which: PlaneKey<Name>): void {
    this.#of(which.table).mark(which.key);
  }

  /** Queues every intent, for a device that is new or changed. */
  markIntents(): void {
    for (const name of TABLE_NAMES) this.tables[name]?.markIntents();
  }

  /** Wants nothing any more. */
  clearIntents(): void {
    for (const name of TABLE_NAMES) this.tables[name]?.intents.clear();
  }

  /** The key is queued, or being written. */
  isMarked<Name extends TableName>(which: PlaneKey<Name>): boolean {
    return this.#of(which.table).isMarked(which.key);
  }

  /** Queues every row of ours that stands in the kernel and that nobody wants, and calls `stray` with it before. */
  markUnwantedRows(stray: (which: PlaneKey) => void = () => {}): void {
    for (const table of TABLE_NAMES)
      this.tables[table]?.markUnwanted((key) => stray({ table, key } as PlaneKey));
  }

  /** The keys of which a row of ours stands; one that has two may come twice. Rows must not come or go meanwhile. */
  *ownedKeys(): Iterable<PlaneKey> {
    for (const table of TABLE_NAMES)
      for (const key of this.tables[table]?.ownedKeys() ?? []) yield { table, key } as PlaneKey;
  }

  /** The keys of which something is wanted. */
  *intentKeys(): Iterable<PlaneKey> {
    for (const table of TABLE_NAMES)
      for (const key of this.tables[table]?.intents.keys() ?? []) yield { table, key } as PlaneKey;
  }

  /**
   * Returns the keys whose rows are or may be to be written: what is wanted, and where `sweeping` or the owner is retired
   * what is ours and wanted by nobody.
   */
  pendingKeys(sweeping: boolean): PlaneKey[] {
    const keys = [...this.intentKeys()];
    if (sweeping || this.retired)
      for (const which of this.ownedKeys()) if (!this.wants(which)) keys.push(which);
    return keys;
  }

  /** The rows that the key has, or could have, which the kernel can be asked for one by one. */
  rowKeys<Name extends TableName>(which: PlaneKey<Name>): RowKey[] {
    return this.#of(which.table).rowKeys(which.key);
  }

  /** The operation writes a row that is wanted where the owner is now. */
  wantsRowOf(operation: Operation): boolean {
    for (const name of TABLE_NAMES) if (this.tables[name]?.wantsRowOf(operation)) return true;
    return false;
  }

  /** Returns what is to be written for the key. */
  operations<Name extends TableName>(which: PlaneKey<Name>): Operation[] {
    return this.#of(which.table).operations(which.key);
  }

  /** A row that carries our mark stands for the key. */
  holdsOwn<Name extends TableName>(which: PlaneKey<Name>): boolean {
    return this.#of(which.table).holdsOwn(which.key);
  }

  /** A row that somebody set by hand stands where one of ours is wanted: it stays. */
  isBlocked<Name extends TableName>(which: PlaneKey<Name>): boolean {
    return this.#of(which.table).isBlocked(which.key);
  }

  /** What is wanted was not written, and nothing but another's row can be why. */
  isOnlyBlocked<Name extends TableName>(which: PlaneKey<Name>): boolean {
    return this.#of(which.table).isOnlyBlocked(which.key);
  }

  /** Nothing is to be done for the key: it fits where it can be wanted, and no row of ours is left where it cannot. */
  agrees<Name extends TableName>(which: PlaneKey<Name>): boolean {
    return this.#of(which.table).agrees(which.key);
  }

  /** Something of the stage is to be looked at. */
  waitsFor({ tables, removals }: Stage<TableName>): boolean {
    for (const name of tables) if (this.#find(name)?.waits(removals)) return true;
    return false;
  }

  /** Takes the next key of the stage, until it is released, and appends its operations; undefined when none is left. */
  next({ tables, removals }: Stage<TableName>, out: Operation[]): TakenKey | undefined {
    const from = out.length;
    for (const table of tables) {
      const key = this.#find(table)?.take(removals, out);
      if (key !== undefined) return { table, key, plane: this, from } as TakenKey;
    }
    return undefined;
  }

  /** Gives a taken key back; true where it was marked meanwhile and is queued again. */
  release<Name extends TableName>(which: PlaneKey<Name>): boolean {
    return this.#of(which.table).release(which.key);
  }

  /** Rows of the key are to stand in the kernel: something is wanted for it, and not withheld. */
  wants<Name extends TableName>(which: PlaneKey<Name>): boolean {
    return this.#of(which.table).wants(which.key);
  }

  /** The kernel was seen to hold what is wanted for the key; false where nothing is. */
  isSettled<Name extends TableName>(which: PlaneKey<Name>): boolean {
    return this.#of(which.table).intents.peek(which.key)?.settled ?? false;
  }

  /** Returns what is wanted for the key, and how far it got. */
  intent<Name extends TableName>(which: PlaneKey<Name>): Intent | undefined {
    return this.#of(which.table).intents.get(which.key);
  }

  /** True if the kernel, as far as it has reported, holds what is wanted for the key, or nothing is wanted. */
  fits<Name extends TableName>(which: PlaneKey<Name>): boolean {
    return this.#of(which.table).fits(which.key);
  }

  /**
   * Records the outcome of an attempt on the intent. `stands`: all that was wanted has just been written, and nothing has
   * been heard of it since, so that the rows need not be looked up. Returns true where something is wanted that does not stand.
   */
  settle<Name extends TableName>(
    which: PlaneKey<Name>,
    failure: Failure | undefined,
    stands = false,
  ): boolean {
    return this.#of(which.table).settle(which.key, failure, stands);
  }

  /** Notes on the intent, if there is one, whether the kernel was seen to hold it. */
  setSettled<Name extends TableName>(which: PlaneKey<Name>, settled: boolean): void {
    this.#of(which.table).intents.settle(which.key, settled);
  }

  /** Puts rows of the key back at its next look: by these operations, in the place of what is wanted. */
  putBack<Name extends TableName>(which: PlaneKey<Name>, operations: readonly Operation[]): void {
    this.#of(which.table).putBack(which.key, operations);
  }

  /** Returns what the kernel holds for the key, as far as it has reported, in words. */
  foundText<Name extends TableName>(which: PlaneKey<Name>, nameOf: DeviceName): string {
    return this.#of(which.table).found(which.key, nameOf);
  }

  /** Returns what should stand for the key, in words; `nothing` where no intent does, or the owner cannot forward. */
  wantedText<Name extends TableName>(which: PlaneKey<Name>): string {
    return this.#of(which.table).wantedText(which.key);
  }

  /** iproute2's commands that delete the rows of the key that are not ours, so that our own can be written. */
  removalCommands<Name extends TableName>(which: PlaneKey<Name>, nameOf: DeviceName): string[] {
    return this.#of(which.table).removalCommands(which.key, nameOf);
  }

  /** NDA_PROTOCOL of the key's row, where the table keeps one. */
  protocolOf<Name extends TableName>(which: PlaneKey<Name>): number | undefined {
    return this.#of(which.table).protocolOf(which.key);
  }

  /** Keys are of tables that the owner has. */
  #of<Name extends TableName>(table: Name): NonNullable<OwnedTables[Name]> {
    const owned = this.#find(table);
    if (!owned) throw new TypeError(`the owner has no table ${table}`);
    return owned;
  }

  /** The table, through the one that was asked for last: mostly it is the same. */
  #find<Name extends TableName>(table: Name): OwnedTables[Name] {
    if (table !== this.#latestName) {
      this.#latestName = table;
      this.#latest = this.tables[table];
    }
    return this.#latest as OwnedTables[Name];
  }
}
