import { MemoryNetwork } from '../bgp/memory-transport.js';
import { type Clock, type Ip, type Mac, macFromParts, parseIp } from '../types/index.js';
import { type Compiler, v8Compiler } from './compiler.js';
import { PipeNetwork } from './pipe-network.js';
import { SEGMENTS, type Segment, StagedLeaf } from './stage.js';

/** So many hosts that functions meet what they may meet, in each of the plays. */
const HOSTS = 192;
/** Two thirds of them in one VNI, whose routes do not fit one UPDATE then. */
const CROWD = 3;
/** Of them on the move, one by one. */
const MOVERS = 32;
/** Every so many hosts one is configured on its port. */
const STICKY = 16;
/** A scene that is not over by then is given up, and with it what comes behind. */
const PATIENCE_MS = 10_000;
const LOOK_MS = 1;
/** How often all is played before anything is compiled, and how often then. */
const LEARNING = 3;
const COMPILING = 3;
/** Octets that arrive in one go: messages, and headers, begin in one and end in another. */
const SEGMENT = 211;
/** Octets that a connection takes until the other side has read. */
const CAPACITY = 2048;
/** By so much each look at the hasty leaf's clock finds it ahead: a slice is over after one or two. */
const HASTE_MS = 3;

interface Host {
  readonly segment: Segment;
  readonly mac: Mac;
  readonly ip: Ip;
  readonly sticky: boolean;
}

/** How it went, in milliseconds in all. */
export interface RehearsalResult {
  /** What was played to its end in the last play. */
  readonly scenes: readonly string[];
  readonly plays: number;
  readonly complete: boolean;
  readonly milliseconds: number;
}

/**
 * Plays all scenes; never rejects. Where there is a compiler that can be told when to compile, it learns first and then
 * compiles, in as many plays as that takes.
 */
export async function rehearse(
  clock: Clock,
  compiler: Compiler | undefined = v8Compiler(),
): Promise<RehearsalResult> {
  const started = clock.now();
  let plays = 0;
  let scenes: string[] = [];
  const play = async (times: number): Promise<void> => {
    for (; times > 0; times--) {
      scenes = [];
      await playOnce(clock, plays, scenes);
      plays++;
    }
  };
  let complete = true;
  try {
    compiler?.hold();
    await play(compiler ? LEARNING : 1);
    compiler?.hurry();
    if (compiler) await play(COMPILING);
  } catch {
    complete = false;
  } finally {
    compiler?.release();
  }
  return { scenes, plays, complete, milliseconds: clock.now() - started };
}

/** Adds the name of each scene that is over. Rejects where one does not end. */
async function playOnce(clock: Clock, play: number, scenes: string[]): Promise<void> {
  // What arrives in pieces and late, and what goes the daemon's own way
  const network = play % 2 === 0 ? new PipeNetwork(clock, play) : new MemoryNetwork(clock, SEGMENT, CAPACITY);
  const one = new StagedLeaf(1, network, clock, play * 2);
  const two = new StagedLeaf(2, network, hastyClock(clock), play * 2 + 1);
  try {
    for (const [name, start, isOver] of scenesOf(one, two, clock)) {
      let started = false;
      // One that cannot begin is never over
      void Promise.resolve(start()).then(
        () => {
          started = true;
        },
        () => {},
      );
      await until(clock, () => started && isOver());
      scenes.push(name);
    }
  } finally {
    await Promise.all([one.stop(), two.stop()]);
    if (network instanceof PipeNetwork) network.close();
  }
}

/** Each look at it finds that time has passed, so that slices end early and what follows from that is met, too. */
function hastyClock(clock: Clock): Clock {
  let ahead = 0;
  return {
    now: () => {
      ahead += HASTE_MS;
      return clock.now() + ahead;
    },
    wallTime: () => clock.wallTime(),
    after: (milliseconds, callback) => clock.after(milliseconds, callback),
    soon: (callback) => clock.soon(callback),
  };
}

type Scene = readonly [name: string, play: () => unknown, isOver: () => boolean];

function scenesOf(one: StagedLeaf, two: StagedLeaf, clock: Clock): Scene[] {
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
      'what is left of earlier days goes',
      () => [one, two].map((leaf) => leaf.sweep()),
      () => one.isSwept && two.isSwept,
    ],
    [
      'hosts move',
      () => {
        come(two, movers);
        speak(two, movers);
      },
      known(MOVERS, HOSTS - MOVERS),
    ],
    [
      'and come back one by one',
      () => oneByOne(clock, movers, (mover) => come(one, [mover])),
      known(0, HOSTS),
    ],
    [
      'and move again one by one',
      () => oneByOne(clock, movers, (mover) => come(two, [mover])),
      known(MOVERS, HOSTS - MOVERS),
    ],
    ['and come back', () => come(one, movers), known(0, HOSTS)],
    [
      'VTEPs get other addresses',
      () => [one, two].map((leaf) => leaf.renumber()),
      () => one.followsRenumbering && two.followsRenumbering,
    ],
    [
      'what was told is asked for again',
      () => {
        for (const leaf of [one, two]) {
          leaf.speaker.refreshNeighbor(leaf.peer, 'in');
          leaf.rereads();
        }
      },
      known(0, HOSTS),
    ],
    ['addresses go', () => fallSilent(one, hosts), known(0, HOSTS)],
    ['the session ends', () => one.speaker.resetNeighbor(one.peer), known(0, 0)],
  ];
}

/** MACs, and addresses, whose words lie on either side of 2^31, since V8 tells numbers apart there. */
function hostAt(i: number): Host {
  const spread = Math.imul(i + 1, 0x9e3779b1) >>> 0;
  return {
    segment: SEGMENTS[i % CROWD === 0 ? (i / CROWD) % SEGMENTS.length : 0],
    mac: macFromParts(0x0200 | (i & 0xfd), spread),
    ip: parseIp(i % 4 === 3 ? `fd00::${(i + 1).toString(16)}` : `${i % 8 < 4 ? 10 : 192}.1.0.${i + 1}`),
    sticky: i % STICKY === STICKY - 1,
  };
}

/** Each in a turn of its own, so that it leaves in an UPDATE of its own. */
async function oneByOne<Item>(
  clock: Clock,
  items: readonly Item[],
  act: (item: Item) => void,
): Promise<void> {
  for (const item of items) {
    act(item);
    await new Promise<void>((resolve) => clock.soon(resolve));
  }
}

async function until(clock: Clock, isOver: () => boolean): Promise<void> {
  const end = clock.now() + PATIENCE_MS;
  while (!isOver()) {
    if (clock.now() > end) throw new Error('a scene does not end');
    await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve));
  }
}
