import type { Clock } from '../types/index.js';
import type { AdministrativeShutdown } from './neighbor-status.js';

type Word = Omit<AdministrativeShutdown, 'by'>;

/** Whether a neighbor is kept down: by its setting, by a command, which lasts until another, or since it was beyond a limit. */
export class KeptDown {
  #command: Word | undefined;
  #setting: Word | undefined;
  #limit: Word | undefined;

  constructor(private readonly clock: Pick<Clock, 'wallTime'>) {}

  /** Undefined where it is not. The message is the command's where there is one. */
  get now(): AdministrativeShutdown | undefined {
    const words = [this.#command, this.#setting, this.#limit].filter((word) => word !== undefined);
    if (words.length === 0) return undefined;
    const by = this.#setting ? 'setting' : this.#command ? 'command' : 'limit';
    return { message: words[0].message, since: Math.min(...words.map(({ since }) => since)), by };
  }

  /** A command keeps it down; one that does so already changes the message alone. */
  command(message: string): void {
    this.#command = this.#word(message, this.#command);
  }

  /** Its routes were beyond a limit after which it is to stay down. */
  limit(message: string): void {
    this.#limit = this.#word(message, this.#limit);
  }

  /** The setting's message, which may be empty; undefined where the setting does not keep it down. */
  configure(message: string | undefined): void {
    this.#setting = message === undefined ? undefined : this.#word(message, this.#setting);
  }

  /** Neither a command nor a limit keeps it down any more. */
  lift(): void {
    this.#command = undefined;
    this.#limit = undefined;
  }

  /** The limits are others. */
  liftLimit(): void {
    this.#limit = undefined;
  }

  #word(message: string, before: Word | undefined): Word {
    return { message, since: before?.since ?? this.clock.wallTime() };
  }
}
