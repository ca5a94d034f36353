/** The place of a benchmark: a leaf's namespace with its bridges, the synthetic spine in another, the probe in the leaf's. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Fabric, onExit } from '../lab/index.js';
import { type Engine, type EngineName, makeEngine } from './engines.js';
import { cpuSeconds } from './measure.js';
import type { Comparison, handlers as probeHandlers } from './probe-process.js';
import { Remote } from './rpc.js';
import type { handlers as spineHandlers } from './spine-process.js';
import { type Routes, vlanAt, vniAt } from './workload.js';

/** Milliseconds of patience with anything that a daemon has to do. */
export const PATIENCE = 180_000;

const here = fileURLToPath(new URL('.', import.meta.url));
/** Neighbours of a table: above it the kernel refuses, and it counts those of all namespaces. */
const GC_THRESHOLDS = ['1', '2', '3'].map((n) => `/proc/sys/net/ipv4/neigh/default/gc_thresh${n}`);

/** Lets any number of neighbours in until this process ends. */
function raiseNeighbourLimits(): void {
  for (const file of GC_THRESHOLDS) {
    const before = readFileSync(file, 'utf8');
    onExit(() => writeFileSync(file, before));
    writeFileSync(file, '1000000');
  }
}

/** Builds once for any number of runs with the same VNIs. */
export class Arena {
  #engine: (Engine & { readonly socket?: string }) | undefined;
  #engines = 0;

  private constructor(
    readonly fabric: Fabric,
    readonly vnis: number,
    readonly withPorts: boolean,
    readonly spine: Remote<typeof spineHandlers>,
    readonly probe: Remote<typeof probeHandlers>,
  ) {}

  /** `withSvi` gives each VNI an SVI, `withPorts` an access port. */
  static async create(vnis: number, withSvi: boolean, withPorts: boolean): Promise<Arena> {
    const fabric = await Fabric.create({
      leaves: [{ engine: 'none', hostsPerVni: 0, svi: withSvi }],
      spines: [{ engine: 'none' }],
      vnis: Array.from({ length: vnis }, (_, i) => ({ vni: vniAt(i), vlan: vlanAt(i) })),
    });
    try {
      const leaf = fabric.leaf('leaf1');
      const link = leaf.links[0];
      const ip = ['10.0.0.2', '10.0.0.3'].map((vtep) => `route add ${vtep}/32 via ${link.spineAddress.ipv4}`);
      if (withPorts)
        for (const { vlan, bridge } of leaf.segments)
          ip.push(
            `link add acc${vlan} type veth peer name host${vlan}`,
            `link set acc${vlan} master ${bridge} addrgenmode none up`,
            `link set host${vlan} addrgenmode none up`,
          );
      await fabric.apply('leaf1', { ip, bridge: [] });
      if (withSvi) raiseNeighbourLimits();
      const spine = new Remote<typeof spineHandlers>(
        'spine',
        fabric.namespace('spine1'),
        join(here, 'spine-process.js'),
      );
      const probe = new Remote<typeof probeHandlers>(
        'probe',
        fabric.namespace('leaf1'),
        join(here, 'probe-process.js'),
      );
      await spine.call('listen', { address: link.spineAddress.ipv4 });
      return new Arena(fabric, vnis, withPorts, spine, probe);
    } catch (error) {
      await fabric.remove();
      throw error;
    }
  }

  /** Starts a daemon on the leaf and resolves when its session is up and knows every VNI. */
  async start(name: Exclude<EngineName, 'floor'>): Promise<Engine & { readonly socket?: string }> {
    const folder = join(this.fabric.folder, `${name}-${++this.#engines}`);
    const leaf = this.fabric.leaf('leaf1');
    this.#engine = makeEngine(name, this.fabric.namespace('leaf1'), folder, leaf, this.fabric.plan);
    await this.#engine.start();
    await this.up();
    await this.spine.call('endOfRib', null);
    return this.#engine;
  }

  /** Waits for the session and announces the remote VTEPs. */
  async up(): Promise<void> {
    await this.spine.call('up', { vnis: this.vnis, vteps: 2, timeout: 60_000 });
    await this.settle();
  }

  get engine(): Engine & { readonly socket?: string } {
    if (!this.#engine) throw new Error('no engine runs');
    return this.#engine;
  }

  /** Waits until the daemon's CPU has been idle for a moment, so that no earlier work is measured. */
  async settle(): Promise<void> {
    let before = cpuSeconds(this.engine.pids);
    for (let quiet = 0, looks = 0; quiet < 3 && looks < 300; looks++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      const now = cpuSeconds(this.engine.pids);
      quiet = now - before < 0.004 ? quiet + 1 : 0;
      before = now;
    }
  }

  /** Compares the kernel with what should stand and throws with the counts where they differ. */
  async verify(routes: Routes | undefined, vtep = 0, patience = 5_000): Promise<void> {
    const found = await this.compare(routes, vtep, patience);
    if (found.missing + found.stale + found.wrong > 0)
      throw new Error(
        `the kernel differs from what was announced: ${JSON.stringify(found)}\n${this.engine.logs()}`,
      );
  }

  compare(routes: Routes | undefined, vtep: number, patience: number): Promise<Comparison> {
    return this.probe.call('compare', { routes, vnis: this.vnis, vtep, patience });
  }

  /** Ends the daemon and leaves bridges as they were before it. */
  async reset(): Promise<void> {
    await this.#engine?.kill();
    this.#engine = undefined;
    await this.probe.call('flush', { vnis: this.vnis, withPorts: this.withPorts });
  }

  async remove(): Promise<void> {
    await this.#engine?.kill();
    this.spine.stop();
    this.probe.stop();
    await this.fabric.remove();
  }
}
