/** The programs that are measured as the leaf's BGP speaker. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Evpnd, evpndConfig, evpndMain, type Leaf, type Plan, waitFor } from '../lab/index.js';
import { AT_UNITS_PRIORITY, type Engine, type Sessions } from './engine.js';
import { FrrEngine, type FrrName, frrConfig, frrTitle, isFrr, whyNotFrr } from './frr.js';
import { type Packaged, packaged, whyNotPackaged } from './packaged.js';

/** The daemons; `evpnd` is the checkout's, on the node that measures, `packaged` that of the Debian package, on its own; a stock FRR lacks what its experts set for large tables. */
export type SpeakerName = 'evpnd' | 'packaged' | FrrName;
/** `floor` is the kernel alone, the same rows in batches without BGP; `sink` reads what the spine sends and does nothing. */
export type EngineName = SpeakerName | 'floor' | 'sink';

/** Why an engine cannot be measured here; undefined where it can. */
export function whyNotEngine(name: EngineName): string | undefined {
  if (name === 'packaged') return whyNotPackaged();
  return isFrr(name) ? whyNotFrr(name) : undefined;
}

export function titleOf(name: EngineName): string {
  if (isFrr(name)) return frrTitle(name);
  return { evpnd: 'evpnd', packaged: 'evpnd of the package', floor: 'kernel alone', sink: 'spine alone' }[
    name
  ];
}

/** What collects the garbage of a daemon, and tells what is left. */
const COLLECTED = fileURLToPath(new URL('collected.js', import.meta.url));
const HEAP_PATIENCE = 30_000;

class EvpndEngine implements Engine {
  readonly #evpnd: Evpnd;

  readonly #heapFile: string;

  constructor(
    namespace: string,
    folder: string,
    leaf: Leaf,
    plan: Plan,
    { peers, keepalive, unicast, collected }: Sessions,
    { main, node }: Packaged = { main: evpndMain, node: process.execPath },
  ) {
    this.#heapFile = join(folder, 'heap');
    const environment = [`NODE_OPTIONS=--import=${COLLECTED}`, `HEAP_FILE=${this.#heapFile}`];
    const ranked = {
      ...leaf,
      launcher: collected ? [...AT_UNITS_PRIORITY, 'env', ...environment] : AT_UNITS_PRIORITY,
    };
    this.#evpnd = new Evpnd(leaf.name, namespace, folder, ranked, plan, main, node);
    const config = evpndConfig(leaf, plan, folder);
    const [neighbor] = config.neighbors as readonly object[];
    this.#evpnd.configure({
      ...config,
      neighbors: peers.map((address) => ({
        ...neighbor,
        address,
        'hold-time': 3 * keepalive,
        'keepalive-time': keepalive,
        ...(unicast ? { families: ['l2vpn-evpn', 'ipv4-unicast'] } : {}),
      })),
      ...(unicast ? { underlay: { enabled: true, 'maximum-paths': 2 } } : {}),
      'state-directory': folder,
      log: { level: 'warn' },
    });
  }

  get socket(): string {
    return this.#evpnd.socket;
  }

  start(): Promise<void> {
    return this.#evpnd.start();
  }

  kill(): Promise<void> {
    return this.#evpnd.kill();
  }

  get pids(): readonly number[] {
    return this.#evpnd.running ? [this.#evpnd.pid] : [];
  }

  logs(): string {
    return this.#evpnd.logs();
  }

  async heap(): Promise<number> {
    rmSync(this.#heapFile, { force: true });
    this.#evpnd.signal('SIGUSR2');
    await waitFor(() => existsSync(this.#heapFile), {
      what: 'the heap without garbage',
      timeout: HEAP_PATIENCE,
    });
    return Number(readFileSync(this.#heapFile, 'utf8'));
  }
}

/** An engine on the leaf of a fabric, not started; `socket` is evpnd's REST API. */
export function makeEngine(
  name: SpeakerName,
  namespace: string,
  folder: string,
  leaf: Leaf,
  plan: Plan,
  sessions: Sessions,
): Engine & { readonly socket?: string } {
  if (name === 'evpnd') return new EvpndEngine(namespace, folder, leaf, plan, sessions);
  if (name === 'packaged') return new EvpndEngine(namespace, folder, leaf, plan, sessions, packaged());
  return new FrrEngine(name, namespace, folder, frrConfig(leaf, sessions), sessions.vrfs);
}
