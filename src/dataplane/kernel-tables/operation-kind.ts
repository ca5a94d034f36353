import type { Mac } from '../../types/index.js';
import type { Operation, SingleOperation } from '../kernel.js';
import type { KernelMirror } from '../mirror.js';
import type { OurDefaults } from '../our-defaults.js';
import type { Topology } from '../topology.js';

/** The data plane's picture of the kernel, in which what was written is entered. */
export interface Books {
  readonly mirror: KernelMirror;
  readonly topology: Topology;
  readonly defaults: OurDefaults;
  /** A row that was on another port of the bridge is on the VXLAN device's now. */
  movedAway(domain: number, mac: Mac): void;
}

/** What one kind of operation is to the data plane; how it is written, linux/ knows. */
export interface OperationKind<Op extends Operation> {
  /** False where it is applied on the spot, and not launched. */
  readonly flies: boolean;
  /** A single one that adds brings about all that is wanted of its key. */
  readonly isWhole: boolean;
  /** The first refusal with this errno is none: the key is looked at again at once, and only the next one counts. */
  passesOver?(operation: Op, errno: number): boolean;
  /** What it stands for where it is one message for several rows, in the kernel's order. */
  parts?(operation: Op): SingleOperation[];
  /** The kernel took it: the books show it at once, before its echo. */
  enter(operation: Op, books: Books): void;
}

/** An operation of one kind. */
export type OperationOn<Table extends Operation['table']> = Extract<Operation, { readonly table: Table }>;
