/** VNIs that are made and deleted many times a minute, in the kernel and by the API: no crash, nothing left, memory flat. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Fabric, restCall, restGet, waitFor, waitUntilConverged } from '../lab/index.js';
import { cpuSeconds, residentMemory } from './measure.js';
import { now } from './rpc.js';

/** Shorter ones are for trying. */
export const FULL_CHURN_MINUTES = 10;
/** VNIs made and deleted a minute. */
export const CHURN_RATE = 1000;
/** VNIs that come and go; the fabric's own are below. */
const FIRST_VNI = 20_000;
const VNIS = 50;
/** A VNI lasts for so many cycles. */
const LASTS = 8;
const STEP_SECONDS = 15;
/** How much larger resident memory may be in the last quarter than in the second, once all is warm. */
const MOST_GROWTH = 1.1;
/** Fewer steps than this say nothing about growth. */
const FEWEST_STEPS = 8;

/** What one step measured. */
export interface ChurnStep {
  readonly [figure: string]: number;
  readonly step: number;
  readonly cycles: number;
  /** The slowest answer to a change of the configuration. */
  readonly apiMaxMs: number;
  readonly restMiB: number;
  readonly cpuS: number;
}

interface VniItem {
  readonly vni: number;
  readonly openDrifts: number;
}

/** Makes and deletes VNIs for so many minutes, `rate` cycles a minute. Throws where anything is left, differs or grew. */
export async function churnVnis(
  minutes: number,
  rate: number,
  record: (step: () => Promise<ChurnStep>) => Promise<unknown>,
): Promise<void> {
  const fabric = await Fabric.create({ leaves: [{ engine: 'evpnd' }, { engine: 'frr' }] });
  const ip = spawn('ip', ['-n', fabric.namespace('leaf1'), '-batch', '-'], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  try {
    await waitUntilConverged(fabric);
    const leaf = new ChurnedLeaf(fabric, ip);
    const before = await leaf.picture();
    const steps: ChurnStep[] = [];
    for (const end = now() + minutes * 60_000; now() < end; )
      await record(async () => {
        const step = await leaf.step(
          steps.length + 1,
          60_000 / rate,
          Math.min(end, now() + STEP_SECONDS * 1_000),
        );
        steps.push(step);
        return step;
      });
    await leaf.deleteAll();
    let after = '';
    await waitFor(
      async () => {
        after = await leaf.picture();
        return after === before;
      },
      { what: 'picture as before', timeout: 60_000, show: () => `${after}\nbefore: ${before}` },
    );
    leaf.mustHaveNoErrors();
    if (steps.length >= FEWEST_STEPS) mustBeFlat(steps);
  } finally {
    ip.stdin?.end();
    if (ip.exitCode === null) await once(ip, 'exit');
    await fabric.remove();
  }
}

class ChurnedLeaf {
  readonly #fabric: Fabric;
  readonly #ip: ChildProcess;
  readonly #vtep: string;
  #refusals = '';
  #cycle = 0;

  constructor(fabric: Fabric, ip: ChildProcess) {
    this.#fabric = fabric;
    this.#ip = ip;
    this.#vtep = fabric.leaf('leaf1').vtep;
    ip.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#refusals += text;
    });
  }

  /** Makes a VNI and deletes another every so many milliseconds, until a time. */
  async step(step: number, every: number, until: number): Promise<ChurnStep> {
    const evpnd = this.#fabric.evpnd('leaf1');
    const pids = [evpnd.pid];
    const cpu = cpuSeconds(pids);
    const first = this.#cycle;
    let slowest = 0;
    let due = now();
    while (now() < until) {
      const asked = now();
      await this.#make(this.#cycle);
      if (this.#cycle >= LASTS) await this.#delete(this.#cycle - LASTS);
      slowest = Math.max(slowest, now() - asked);
      this.#cycle++;
      due += every;
      await delay(Math.max(0, due - now()));
    }
    if (!evpnd.running) throw new Error(`evpnd ended:\n${evpnd.logs()}`);
    if (this.#refusals !== '') throw new Error(`ip: ${this.#refusals}`);
    return {
      step,
      cycles: this.#cycle - first,
      apiMaxMs: slowest,
      restMiB: residentMemory(pids),
      cpuS: cpuSeconds(pids) - cpu,
    };
  }

  async deleteAll(): Promise<void> {
    for (let cycle = Math.max(0, this.#cycle - LASTS); cycle < this.#cycle; cycle++)
      await this.#delete(cycle);
  }

  /** What is there: VNIs and configuration as evpnd tells, its rows as the kernel has them. */
  async picture(): Promise<string> {
    const { socket } = this.#fabric.evpnd('leaf1');
    const vnis = await restGet<{ items: VniItem[] }>(socket, '/api/v1/vnis?limit=1000');
    const config = await restGet<{ configuration: { evpn?: { vnis?: unknown } } }>(socket, '/api/v1/config');
    const rows = await this.#fabric.exec('leaf1', 'bridge', 'fdb', 'show');
    const ours = rows.stdout.split('\n').filter((line) => line.includes('extern_learn'));
    return JSON.stringify([
      vnis.body.items.map(({ vni, openDrifts }) => [vni, openDrifts]),
      config.body.configuration.evpn?.vnis ?? [],
      ours.toSorted(),
    ]);
  }

  mustHaveNoErrors(): void {
    const errors = this.#fabric
      .evpnd('leaf1')
      .logLines()
      // A device that a busy machine takes more than a second to set up has a problem meanwhile
      .filter(({ level, event }) => ['error', 'fatal'].includes(level) && event !== 'kernel.problem');
    if (errors.length > 0) throw new Error(`evpnd logged errors: ${JSON.stringify(errors.slice(0, 3))}`);
  }

  /** The order of the two changes, of the kernel and of the API, is another one each time. */
  async #make(cycle: number): Promise<void> {
    const vni = vniOf(cycle);
    const devices = () =>
      this.#devices([
        `link add br${vni} group ${vni} type bridge`,
        `link add vx${vni} group ${vni} type vxlan id ${vni} local ${this.#vtep} dstport 4789 nolearning`,
        `link set vx${vni} master br${vni} up`,
        `link set br${vni} up`,
      ]);
    const api = () => this.#config('PUT', vni, { 'import-route-targets': [`65001:${vni}`] });
    if (cycle % 2 === 0) await devices();
    await api();
    if (cycle % 2 === 1) await devices();
  }

  async #delete(cycle: number): Promise<void> {
    const vni = vniOf(cycle);
    const devices = () => this.#devices([`link del group ${vni}`]);
    if (cycle % 3 === 0) await devices();
    await this.#config('DELETE', vni);
    if (cycle % 3 !== 0) await devices();
  }

  /**
   * Has ip do this behind what it has been told before. The kernel waits for an RCU grace period with each deletion, so that ip
   * may be slower than it is told: it is told no more than a pipe holds, or the last of ten minutes would not be done at the end.
   */
  async #devices(commands: readonly string[]): Promise<void> {
    const { stdin } = this.#ip;
    if (stdin?.write(`${commands.join('\n')}\n`) === false) await once(stdin, 'drain');
  }

  async #config(method: 'PUT' | 'DELETE', vni: number, body?: object): Promise<void> {
    const { socket } = this.#fabric.evpnd('leaf1');
    const path = `/api/v1/config/vnis/${vni}`;
    const answer = await restCall<object>(method, socket, path, 30_000, body);
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
  }
}

const vniOf = (cycle: number) => FIRST_VNI + (cycle % VNIS);

export function describeChurn({ step, cycles, apiMaxMs, restMiB, cpuS }: ChurnStep): string {
  return `step ${step}: ${cycles} VNIs made and deleted; slowest change ${apiMaxMs.toFixed(0)} ms; ${restMiB.toFixed(0)} MiB; CPU ${cpuS.toFixed(1)} s`;
}

function mustBeFlat(steps: readonly ChurnStep[]): void {
  const quarter = steps.length >> 2;
  const most = (some: readonly ChurnStep[]) => Math.max(...some.map(({ restMiB }) => restMiB));
  const early = most(steps.slice(quarter, 2 * quarter));
  const late = most(steps.slice(-quarter));
  if (late > early * MOST_GROWTH)
    throw new Error(`memory grew from ${early.toFixed(0)} to ${late.toFixed(0)} MiB`);
}
