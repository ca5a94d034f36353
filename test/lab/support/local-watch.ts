/**
 * Watches that evpnd deletes nothing that its kernel knows of local hosts. The kernel tells every change of a row but
 * not who made it, so each loss of a local row is held against what the test did: it says where its hosts are, and which
 * ports it takes away. A local row may be replaced by a remote one only if its host has been elsewhere since it was made, or
 * just before, and may be deleted by the test alone.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Daemon, type Fabric, type Host, type Leaf, waitFor } from '../../../lab/index.js';
import type { NeighEvent } from './neigh-events.js';

const AF_BRIDGE = 7;
const NUD_VALID = 0x02 | 0x04 | 0x08 | 0x10 | 0x40 | 0x80;
const NUD_PERMANENT = 0x80;
const NTF_EXT_LEARNED = 0x10;
/** For so many milliseconds after a host has come back what the other leaf announced of it may still be on its way, and is newer than its own. */
const ON_THE_WAY = 1_000;

interface Span {
  from: number;
  to: number;
}
interface Stay {
  since: number;
  mac: string | undefined;
}

/** A loss of a local row, as a person reads it, and whether the test accounts for it. */
interface Loss {
  leaf: string;
  at: number;
  since: number;
  subjects: string[];
  what: string;
  replaced: boolean;
}

function ipHex(ip: string): string {
  if (!ip.includes(':')) return Buffer.from(ip.split('.').map(Number)).toString('hex');
  const [head, tail = ''] = ip.split('::');
  const groups = (text: string) => text.split(':').filter(Boolean);
  const middle = Array(8 - groups(head).length - groups(tail).length).fill('0');
  return [...groups(head), ...middle, ...groups(tail)].map((each) => each.padStart(4, '0')).join('');
}

/** The IPv6 link-local address that a host makes of its MAC (EUI-64, RFC 4291, appendix A); it keeps it with another MAC. */
export function linkLocalOf(mac: string): string {
  const [a, b, c, d, e, f] = mac.split(':').map((each) => Number.parseInt(each, 16));
  const groups = [
    [a ^ 0x02, b],
    [c, 0xff],
    [0xfe, d],
    [e, f],
  ];
  return `fe80::${groups.map(([high, low]) => ((high << 8) | low).toString(16)).join(':')}`;
}

/** IPs, as the watch knows them. */
export function ipSubjects(addresses: Host['address']): string[] {
  return Object.values(addresses).map(ipHex);
}

/** Everything by which a host is known: its MAC, its IPs, and the link-local address that no plan gives it. */
export function subjectsOf(host: Pick<Host, 'mac' | 'address'>): string[] {
  return [host.mac, ...ipSubjects(host.address), ipHex(linkLocalOf(host.mac))];
}

export class LocalWatch {
  /** By leaf and subject: when it was elsewhere. */
  private readonly away = new Map<string, Span[]>();
  private readonly cut = new Map<string, Span[]>();

  private constructor(private readonly watched: ReadonlyMap<Leaf, Daemon>) {}

  /** Begins with the kernels of all leaves; call it before their hosts are known. */
  static async start(fabric: Fabric): Promise<LocalWatch> {
    const program = fileURLToPath(new URL('./neigh-events.js', import.meta.url));
    const watched = new Map<Leaf, Daemon>();
    for (const leaf of fabric.plan.leaves) {
      const daemon = await Daemon.start(
        `watch on ${leaf.name}`,
        'ip',
        ['netns', 'exec', fabric.namespace(leaf.name), process.execPath, program],
        join(fabric.folder, `neigh-events-${leaf.name}`),
      );
      watched.set(leaf, daemon);
    }
    try {
      for (const daemon of watched.values())
        await waitFor(() => daemon.log().includes('ready') || !daemon.running, { what: daemon.name });
    } catch (error) {
      // Left running they would keep the test's process from ending
      await Promise.all([...watched.values()].map((daemon) => daemon.stop()));
      throw error;
    }
    return new LocalWatch(watched);
  }

  /** From now on the subjects are not at this leaf, or not there alone. */
  leaves(leaf: string, subjects: readonly string[]): void {
    for (const subject of subjects) {
      const key = `${leaf} ${subject}`;
      const spans = this.away.get(key) ?? [];
      if (spans.at(-1)?.to !== Number.POSITIVE_INFINITY)
        spans.push({ from: Date.now(), to: Number.POSITIVE_INFINITY });
      this.away.set(key, spans);
    }
  }

  /** From now on they are at this leaf and nowhere else. */
  arrives(leaf: string, subjects: readonly string[]): void {
    for (const subject of subjects) {
      const last = this.away.get(`${leaf} ${subject}`)?.at(-1);
      if (last) last.to = Math.min(last.to, Date.now());
    }
  }

  /** The test deletes rows of the subjects, or a port that they are on, while `work` runs. */
  async deleting<T>(leaf: string, subjects: readonly string[], work: () => Promise<T>): Promise<T> {
    const span = { from: Date.now(), to: Number.POSITIVE_INFINITY };
    for (const subject of subjects) {
      const key = `${leaf} ${subject}`;
      this.cut.set(key, [...(this.cut.get(key) ?? []), span]);
    }
    const result = await work();
    await this.caughtUp();
    span.to = Date.now();
    return result;
  }

  /** Resolves when no watch has more to read than it has written. */
  private async caughtUp(): Promise<void> {
    let before = '';
    await waitFor(
      () => {
        const now = [...this.watched.values()].map((daemon) => daemon.log().length).join();
        const same = now === before;
        before = now;
        return same;
      },
      { what: 'end of the events', interval: 50 },
    );
  }

  private excused({ leaf, at, since, subjects, replaced }: Loss): boolean {
    const overlaps = (spans: readonly Span[] | undefined) =>
      spans?.some(({ from, to }) => from <= at && to + ON_THE_WAY >= since) ?? false;
    return subjects.some(
      (subject) =>
        (replaced && overlaps(this.away.get(`${leaf} ${subject}`))) ||
        this.cut.get(`${leaf} ${subject}`)?.some(({ from, to }) => from <= at && to >= at),
    );
  }

  /** Every change of a row that a leaf's kernel has told since `from` (milliseconds since 1970). */
  async events(leaf: string, from: number): Promise<NeighEvent[]> {
    await this.caughtUp();
    for (const [each, daemon] of this.watched)
      if (each.name === leaf)
        return daemon
          .log()
          .split('\n')
          .filter((line) => line.startsWith('{"at"'))
          .map((line) => JSON.parse(line) as NeighEvent)
          .filter(({ at }) => at >= from);
    throw new Error(`${leaf} is not watched`);
  }

  /** Every loss of a local row on a leaf of evpnd that the test does not account for; none is what must be. */
  async faults(): Promise<string[]> {
    await this.caughtUp();
    const faults: string[] = [];
    for (const [leaf, daemon] of this.watched) {
      if (leaf.engine !== 'evpnd') continue;
      const lines = daemon.log().split('\n').slice(1);
      const lost = lines.find((line) => line.startsWith('{"lost"'));
      if (lost || !daemon.running) faults.push(`${daemon.name} saw not all: ${lost ?? 'it ended'}`);
      for (const loss of losses(leaf, lines))
        if (!this.excused(loss)) faults.push(`${new Date(loss.at).toISOString()} ${leaf.name}: ${loss.what}`);
    }
    return faults;
  }

  /** How many local rows the watch has seen come: a watch that sees none proves nothing. */
  seen(leaf: string): number {
    for (const [each, daemon] of this.watched)
      if (each.name === leaf)
        return daemon
          .log()
          .split('\n')
          .filter((line) => line.includes('"gone":false') && /"(flags)":0\b/.test(line)).length;
    return 0;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.watched.values()].map((daemon) => daemon.stop('SIGKILL')));
  }
}

/** Follows the rows through the events and gives each loss of a local one. */
function losses(leaf: Leaf, lines: readonly string[]): Loss[] {
  const vxlans = new Set(leaf.segments.map(({ vxlan }) => vxlan));
  const bridges = new Set(leaf.segments.map(({ bridge }) => bridge));
  const svis = new Set(leaf.segments.map(({ svi }) => svi));
  const macs = new Map<string, Stay>();
  const neighs = new Map<string, Stay>();
  const found: Loss[] = [];

  const bridgeRow = (event: NeighEvent): void => {
    const { at, gone, device, master, mac, state } = event;
    if (!mac || !master || bridges.has(device) || (state & NUD_PERMANENT) !== 0) return;
    const key = `${master} ${mac}`;
    const stay = macs.get(key);
    const isLocal = !vxlans.has(device);
    const loss = (what: string, replaced: boolean) =>
      found.push({ leaf: leaf.name, at, since: stay?.since ?? 0, subjects: [mac], what, replaced });
    if (gone) {
      if (isLocal) loss(`FDB row of ${mac} on ${device} was deleted`, false);
      if (isLocal) macs.delete(key);
    } else if (isLocal) {
      if (!stay) macs.set(key, { since: at, mac });
    } else if (stay) {
      loss(`FDB row of ${mac} was replaced by a remote one`, true);
      macs.delete(key);
    }
  };

  const neighRow = (event: NeighEvent): void => {
    const { at, gone, port, device, mac, dst, state, flags } = event;
    if (!dst || !svis.has(device)) return;
    const key = `${device} ${dst}`;
    const stay = neighs.get(key);
    const isLocal = !gone && (flags & NTF_EXT_LEARNED) === 0 && (state & NUD_VALID) !== 0;
    if (isLocal) {
      if (stay?.mac !== mac) neighs.set(key, { since: at, mac });
      return;
    }
    if (!stay) return;
    neighs.delete(key);
    const subjects = [dst, ...(stay.mac ? [stay.mac] : [])];
    const replaced = !gone && (flags & NTF_EXT_LEARNED) !== 0;
    // What expires, or goes with its device, goes by the kernel's own hand
    if (!replaced && port === 0) return;
    const what = `neighbor ${dst} at ${stay.mac} on ${device} was ${replaced ? 'replaced by a remote one' : 'deleted'}`;
    found.push({ leaf: leaf.name, at, since: stay.since, subjects, what, replaced });
  };

  for (const line of lines) {
    if (!line.startsWith('{"at"')) continue;
    const event = JSON.parse(line) as NeighEvent;
    if (event.family === AF_BRIDGE) bridgeRow(event);
    else neighRow(event);
  }
  return found;
}
