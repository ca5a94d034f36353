import { native } from './linux/index.js';
import { type CollectedHeap, v8Heap } from './memory-at-rest.js';

/**
 * The heap of V8 with what its threads take of the C library: they compile in memory of which each keeps some
 * 20 MiB for the next time, unless it is asked for, and with the pages of node that only a start reads, some 40 MiB more.
 */
export const processMemory: CollectedHeap = { ...v8Heap, release: () => native().trimMemory() };
