import { MemoryNetwork } from '../bgp/index.js';
import { type Clock, type Ip, type Mac, macFromParts, parseIp } from '../types/index.js';
import { SEGMENTS, type Segment, StagedLeaf } from './stage.js';

/** So many hosts that functions know what they may meet, and so few that none is compiled yet. */
const HOSTS = 128;
/** Of them on the move, one by one. */
const MOVERS = 32;
/** Every so many hosts one is configured on its port. */
const STICKY = 16;
/** A scene that is not over by then is given up, and with it what comes behind. */
const PATIENCE_MS = 2000;
const LOOK_MS = 1;

interface Host {
  readonly segment: Segment;
  readonly mac: Mac;
  readonly ip: Ip;
  readonly sticky: boolean;
}

/** How it went: the scenes that were played to their end, and milliseconds. */
export interface RehearsalResult {
  readonly scenes: readonly string[];
  readonly complete: boolean;
  readonly milliseconds: number;
}

/** Plays all scenes; never rejects. */
export async function rehearse(clock: Clock): Promise<RehearsalResult> {
  const started = clock.now();
  const network = new MemoryNetwork(clock);
  const one = new StagedLeaf(1, network, clock);
  const two = new StagedLeaf(2, network, clock);
  const scenes: string[] = [];
  let complete = true;
  try {
    for (const [name, play, isOver] of scenesOf(one, two)) {
      await play();
      await until(clock, isOver);
      scenes.push(name);
    }
  } catch {
    complete = false;
  }
  await Promise.all([one.stop(), two.stop()]);
  return { scenes, complete, milliseconds: clock.now() - started };
}

type Scene = readonly [name: string, play: () => unknown, isOver: () => boolean];

function scenesOf(one: StagedLeaf, two: StagedLeaf): Scene[] {
  const hosts = Array.from({ length: HOSTS }, (_, i) => hostAt(i));
  const movers = hosts.filter(({ sticky }) => !sticky).slice(0, MOVERS);
  const come = (leaf: StagedLeaf, some: readonly Host[]) => {
    for (const { segment, mac, sticky } of some) leaf.comes(segment, mac, sticky);
  };
  const go = (leaf: StagedLeaf, some: readonly Host[]) => {
    for (const { segment, mac } of some) leaf.goes(segment, mac);
  };
  const speak = (leaf: StagedLeaf, some: readonly Host[]) => {
    for (const { segment, mac, ip } of some) leaf.speaks(segment, ip, mac);
  };
  const fallSilent = (leaf: StagedLeaf, some: readonly Host[]) => {
    for (const { segment, ip } of some) leaf.fallsSilent(segment, ip);
  };
  const known = (atOne: number, atTwo: number) => () => one.remoteMacs === atOne && two.remoteMacs === atTwo;
  return [
    [
      'the session comes up',
      () => Promise.all([one.start(), two.start()]),
      () => two.speaker.endOfRibReceivedFromAll() && one.speaker.endOfRibReceivedFromAll(),
    ],
    ['hosts come', () => come(one, hosts), known(0, HOSTS)],
    ['and go', () => go(one, hosts), known(0, 0)],
    [
      'hosts with addresses come',
      () => {
        come(one, hosts);
        speak(one, hosts);
      },
      known(0, HOSTS),
    ],
    [
      'hosts move',
      () => {
        come(two, movers);
        speak(two, movers);
      },
      known(MOVERS, HOSTS - MOVERS),
    ],
    ['and come back', () => come(one, movers), known(0, HOSTS)],
    ['addresses go', () => fallSilent(one, hosts), known(0, HOSTS)],
    ['the session ends', () => one.speaker.resetNeighbor(one.peer), known(0, 0)],
  ];
}

/** MACs, and addresses, whose words lie on either side of 2^31, since V8 tells numbers apart there. */
function hostAt(i: number): Host {
  const spread = Math.imul(i + 1, 0x9e3779b1) >>> 0;
  return {
    segment: SEGMENTS[i % SEGMENTS.length],
    mac: macFromParts(0x0200 | (i & 0xfd), spread),
    ip: parseIp(i % 4 === 3 ? `fd00::${(i + 1).toString(16)}` : `${i % 8 < 4 ? 10 : 192}.1.0.${i + 1}`),
    sticky: i % STICKY === STICKY - 1,
  };
}

async function until(clock: Clock, isOver: () => boolean): Promise<void> {
  const end = clock.now() + PATIENCE_MS;
  while (!isOver()) {
    if (clock.now() > end) throw new Error('a scene does not end');
    await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve));
  }
}
