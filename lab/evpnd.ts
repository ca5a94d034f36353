/** evpnd itself as the BGP speaker of a leaf: its configuration, its process, its REST API on a Unix socket. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { Leaf, Plan } from './plan.js';
import { Daemon } from './process.js';
import { type RestAnswer, restCall, restGet } from './rest.js';
import { waitFor } from './wait.js';

/** The daemon of the same build as this file, or the program that `EVPND_MAIN` names. */
export const evpndMain =
  process.env.EVPND_MAIN ?? join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'main.js');

/**
 * Milliseconds until it answers. One that ends is not waited for, so that patience costs nothing; inside user-mode-linux,
 * which opens a file as slowly as others start a program, it takes 6 s on a machine that does nothing else.
 */
const START_PATIENCE = 90_000;

/**
 * Command and arguments that start a build of evpnd as its users start it: with the options to node that its first line
 * gives, but by the node that runs this, or another one.
 */
export function evpndCommand(main: string = evpndMain, node: string = process.execPath): string[] {
  const [first] = readFileSync(main, 'utf8').split('\n', 1);
  const options = /^#!.*\bnode\s+(\S.*)$/.exec(first)?.[1].split(/\s+/) ?? [];
  return [node, ...options, main];
}

/** evpnd's configuration on a leaf, before the leaf's own additions; timers are short for tests. */
export function evpndConfig(leaf: Leaf, plan: Plan, folder: string): Record<string, unknown> {
  return {
    asn: leaf.asn,
    'router-id': leaf.routerId,
    neighbors: leaf.links.map((link) => ({
      address: link.spineAddress[plan.transport],
      'remote-as': plan.peering === 'ebgp' ? 65000 : leaf.asn,
      'hold-time': 9,
      'keepalive-time': 3,
      'connect-retry-time': 1,
    })),
    api: { 'unix-socket': join(folder, 'api.sock'), listen: ['127.0.0.1:8179'] },
    log: { level: 'info' },
    // What a test leaves behind shows what evpnd does.
    'on-stop': 'flush',
    // The machine's own folder is one for all namespaces.
    'state-directory': join(folder, 'state'),
    ...leaf.config,
  };
}

/** evpnd on one node. */
export class Evpnd {
  readonly configFile: string;
  readonly socket: string;
  /** What it was configured with at first; tests change copies of it. */
  readonly config: Record<string, unknown>;
  private readonly launcher: readonly string[];
  private readonly logFile: string;
  private daemon: Daemon | undefined;

  /** `folder` is this node's own; it is created. */
  constructor(
    readonly node: string,
    private readonly namespace: string,
    folder: string,
    leaf: Leaf,
    plan: Plan,
    private readonly main: string = evpndMain,
    private readonly runtime: string = process.execPath,
  ) {
    mkdirSync(folder, { recursive: true });
    this.socket = join(folder, 'api.sock');
    this.logFile = join(folder, 'evpnd.log');
    this.configFile = join(folder, 'evpnd.yaml');
    this.config = evpndConfig(leaf, plan, folder);
    this.launcher = leaf.launcher;
    // A launcher may give up root, and its evpnd still has to make its socket here.
    if (leaf.launcher.length > 0) chmodSync(folder, 0o777);
    this.configure(this.config);
  }

  /** Writes the configuration; a running evpnd reads it when it gets SIGHUP. */
  configure(config: Record<string, unknown>): void {
    writeFileSync(this.configFile, stringify(config));
  }

  /** Starts it and waits until its API answers. */
  async start(): Promise<void> {
    if (this.daemon?.running) throw new Error(`evpnd on ${this.node} runs already`);
    if (!existsSync(this.main)) throw new Error(`no ${this.main}: build first (npm run build)`);
    const command = [...this.launcher, ...evpndCommand(this.main, this.runtime), '--config', this.configFile];
    const daemon = await Daemon.start(
      `evpnd on ${this.node}`,
      'ip',
      ['netns', 'exec', this.namespace, ...command],
      this.logFile,
    );
    this.daemon = daemon;
    await waitFor(
      async () => {
        if (!daemon.running) return true;
        const { status, body } = await this.get('/api/v1/status');
        if (status !== 200) throw new Error(`status ${status}: ${JSON.stringify(body)}`);
        return true;
      },
      { what: `answer of ${daemon.name}`, timeout: START_PATIENCE },
    ).catch((error: Error) => {
      throw new Error(`${error.message}\n${daemon.logEnd()}`, { cause: error });
    });
    daemon.mustRun();
  }

  get running(): boolean {
    return this.daemon?.running ?? false;
  }

  /** @throws Error when it was never started. */
  get pid(): number {
    if (!this.daemon) throw new Error(`evpnd on ${this.node} was never started`);
    return this.daemon.pid;
  }

  /** SIGTERM (or another signal) and wait for the end; resolves with exit code or signal. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals | undefined> {
    return this.daemon?.stop(signal);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.daemon?.stop('SIGKILL');
  }

  /** Sends a signal and does not wait, for example SIGHUP. */
  signal(signal: NodeJS.Signals): void {
    this.daemon?.signal(signal);
  }

  /** GET on its REST API. */
  get<T>(path: string): Promise<RestAnswer<T>> {
    return restGet<T>(this.socket, path);
  }

  /** DELETE on its REST API. */
  delete<T>(path: string): Promise<RestAnswer<T>> {
    return restCall<T>('DELETE', this.socket, path);
  }

  /** POST without a body on its REST API. */
  post<T>(path: string): Promise<RestAnswer<T>> {
    return restCall<T>('POST', this.socket, path);
  }

  /** Every line of its log that is an object, oldest first. */
  logLines(): { level: string; msg: string; [fact: string]: unknown }[] {
    return readFileSync(this.logFile, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
  }

  /** The end of its log, for a person who asks why. */
  logs(): string {
    return this.daemon?.logEnd() ?? `--- evpnd on ${this.node}: never started`;
  }

  /** Everything it ever wrote, over all its starts. */
  log(): string {
    return this.daemon?.log() ?? '';
  }
}
