/** What /proc and a list of numbers tell. */
import { readdirSync, readFileSync } from 'node:fs';

/** CPU seconds that the processes have used in all their threads (/proc/PID/task/TID/schedstat, in nanoseconds). */
export function cpuSeconds(pids: readonly number[]): number {
  let nanoseconds = 0;
  for (const pid of pids)
    for (const task of readdirSync(`/proc/${pid}/task`))
      nanoseconds += threadNanoseconds(`/proc/${pid}/task/${task}/schedstat`);
  return nanoseconds / 1e9;
}

/** 0 of a thread that has ended since it was listed. */
function threadNanoseconds(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8').split(' ')[0]);
  } catch {
    return 0;
  }
}

/** The part of it that the kernel spent on their behalf (/proc/PID/stat, in ticks of 10 ms). */
export function kernelSeconds(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name, in parentheses, may hold spaces; stime is the 13th field behind it
    ticks += Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[12]);
  }
  return ticks / 100;
}

function memory(pids: readonly number[], field: string): number {
  let kilobytes = 0;
  for (const pid of pids) {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    kilobytes += Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  }
  return kilobytes / 1024;
}

/** Most memory that the processes were ever resident with, summed, in MiB. */
export const peakMemory = (pids: readonly number[]): number => memory(pids, 'VmHWM');
/** Resident memory now, in MiB. */
export const residentMemory = (pids: readonly number[]): number => memory(pids, 'VmRSS');

/** CPU seconds that the machine has spent on anything but idling, and that a hypervisor took from it. */
export function machineCpu(): { busy: number; stolen: number } {
  const fields = readFileSync('/proc/stat', 'utf8').split('\n')[0].split(/\s+/).slice(1).map(Number);
  const [user, nice, system, , , irq, softirq, steal] = fields;
  return { busy: (user + nice + system + irq + softirq) / 100, stolen: steal / 100 };
}

/** The value below which a share `p` (0 to 1) of the values lies; NaN of none. */
export function percentile(values: readonly number[], p: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))];
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
