import type { Clock } from '../types/index.js';
import type { AdministrativeShutdown } from './neighbor-status.js';

type Word = Omit<AdministrativeShutdown, 'isConfigured'>;

/** Whether a neighbor is kept down: by a command, which lasts until another, by its setting, or by both. */
export class KeptDown {
  #command: Word | undefined;
  #setting: Word | undefined;

  constructor(private readonly clock: Pick<Clock, 'wallTime'>) {}

  /** Undefined where it is not. The message is the command's where there is one. */
  get now(): AdministrativeShutdown | undefined {
    const { message } = this.#command ?? this.#setting ?? {};
    if (message === undefined) return undefined;
    const since = Math.min(...[this.#command, this.#setting].flatMap((word) => word?.since ?? []));
    return { message, since, isConfigured: this.#setting !== undefined };
  }

  /** A command keeps it down; one that does so already changes the message alone. */
  command(message: string): void {
    this.#command = { message, since: this.#command?.since ?? this.clock.wallTime() };
  }

  /** No command keeps it down any more. */
  lift(): void {
    this.#command = undefined;
  }

  /** The setting's message, which may be empty; undefined where the setting does not keep it down. */
  configure(message: string | undefined): void {
    this.#setting =
      message === undefined ? undefined : { message, since: this.#setting?.since ?? this.clock.wallTime() };
  }
}
