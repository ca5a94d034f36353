import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type MessageType, type UpdateContext, UpdateDecoder } from '../../src/wire/index.js';
import { onExit } from '../cleanup.js';
import { waitFor } from '../wait.js';
import type { CollectedMessage, CollectorOptions } from './collector.js';

/** A collector in a namespace, seen from outside: what came, in order, and a way to answer. */
export class CollectorSession {
  readonly messages: CollectedMessage[] = [];
  readonly context: UpdateContext;
  readonly #child: ChildProcess;
  readonly #forget: () => void;

  constructor(namespace: string, options: CollectorOptions, internal: boolean) {
    this.context = { fourOctetAs: options.fourOctetAs, internal };
    const program = fileURLToPath(new URL('./collector.js', import.meta.url));
    this.#child = spawn(
      'ip',
      ['netns', 'exec', namespace, process.execPath, program, JSON.stringify(options)],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    this.#forget = onExit(() => this.#child.kill('SIGKILL'));
    if (this.#child.stdout)
      createInterface({ input: this.#child.stdout }).on('line', (line) =>
        this.messages.push(JSON.parse(line)),
      );
  }

  send(message: Buffer): void {
    this.#child.stdin?.write(`${message.toString('hex')}\n`);
  }

  /** The first message from index `from` on that `accept` takes. */
  async wait(
    what: string,
    accept: (message: CollectedMessage) => boolean,
    from = 0,
  ): Promise<CollectedMessage> {
    return waitFor(() => this.messages.slice(from).find(accept), {
      what,
      timeout: 20_000,
      show: () =>
        this.messages
          .slice(from)
          .map((message) => message.hex)
          .join('\n'),
    });
  }

  /** The first message of a type. */
  async waitForType(type: MessageType, from = 0): Promise<CollectedMessage> {
    return this.wait(`message of type ${type}`, (message) => message.type === type, from);
  }

  /** The first UPDATE from `from` on whose routes or End-of-RIB `accept` takes. */
  async waitForUpdate(
    what: string,
    accept: (update: ReturnType<UpdateDecoder['decode']>) => boolean,
    from = 0,
  ): Promise<CollectedMessage> {
    const decoder = new UpdateDecoder();
    return this.wait(
      what,
      ({ type, hex }) => type === 2 && accept(decoder.decode(bodyOf(hex), this.context)),
      from,
    );
  }

  stop(): void {
    this.#forget();
    this.#child.kill('SIGTERM');
  }
}

/** What follows the header of a message in hexadecimal digits. */
export function bodyOf(hex: string): Buffer {
  return Buffer.from(hex, 'hex').subarray(19);
}
