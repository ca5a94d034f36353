/** Processes of a benchmark that answer calls: the spine and the probe, each in a namespace and on a core of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { onExit } from '../lab/index.js';

/** Methods by name. */
export type Handlers = Record<string, (argument: never) => unknown>;

interface Call {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}
interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** Milliseconds of CLOCK_MONOTONIC, which all processes of the machine share. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Answers calls of the parent process until it goes. */
export function serve(handlers: Handlers): void {
  process.on('message', async ({ id, method, argument }: Call) => {
    let answer: Answer;
    try {
      answer = { id, result: await handlers[method](argument as never) };
    } catch (error) {
      answer = { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
    process.send?.(answer);
  });
  process.on('disconnect', () => process.exit(0));
}

/** The parent's end of such a process; `H` is the type of its handlers. */
export class Remote<H extends Handlers> {
  readonly pid: number;
  /** Rejects when the process ends without having been told to. */
  readonly broken: Promise<never>;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  readonly #forget: () => void;
  #calls = 0;
  #stopping = false;

  /** Starts `module` (a path) in a network namespace. */
  constructor(
    readonly name: string,
    namespace: string,
    module: string,
  ) {
    const child = spawn('ip', ['netns', 'exec', namespace, process.execPath, module], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    });
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.#forget = onExit(() => child.kill('SIGKILL'));
    child.on('message', ({ id, result, error }: Answer) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(result as never);
      else waiting?.reject(new Error(`${name}: ${error}`));
    });
    const gone = (why: string) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${name} ${why}`));
      this.#waiting.clear();
    };
    this.broken = new Promise((_, reject) => {
      child.on('error', (error) => {
        gone(error.message);
        reject(error);
      });
      child.on('exit', (code, signal) => {
        gone(`ended (${code ?? signal})`);
        if (!this.#stopping) reject(new Error(`${name} ended (${code ?? signal})`));
      });
    });
    this.broken.catch(() => {});
  }

  call<M extends keyof H & string>(
    method: M,
    argument: Parameters<H[M]>[0],
  ): Promise<Awaited<ReturnType<H[M]>>> {
    return new Promise((resolve, reject) => {
      const id = ++this.#calls;
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, method, argument } satisfies Call, (error) => {
        if (error) reject(new Error(`${this.name}: ${error.message}`));
      });
    });
  }

  stop(): void {
    this.#stopping = true;
    this.#forget();
    this.#child.kill('SIGKILL');
  }
}
