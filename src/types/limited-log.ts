import type { Clock, Timer } from './clock.js';
import type { Log } from './log.js';

/** How many lines with the same message may be logged within how many seconds. */
interface LogLimit {
  readonly lines: number;
  readonly seconds: number;
}

const DEFAULT_LOG_LIMIT: LogLimit = { lines: 10, seconds: 60 };

interface Window {
  logged: number;
  suppressed: number;
}

/**
 * Logs a limited number of lines with one message within a window, then counts: at the end of the window one line says how
 * many were not logged. Each message has its own window, which begins with its first line, so that a flood
 * of one kind hides no other. The facts are built only for lines that are logged.
 */
export class LimitedLog {
  readonly #windows = new Map<string, Window>();
  readonly #timers = new Set<Timer>();

  constructor(
    readonly clock: Clock,
    readonly log: Log,
    readonly limit: LogLimit = DEFAULT_LOG_LIMIT,
  ) {}

  info(message: string, facts: () => object): void {
    this.#write('info', message, facts);
  }

  warn(message: string, facts: () => object): void {
    this.#write('warn', message, facts);
  }

  error(message: string, facts: () => object): void {
    this.#write('error', message, facts);
  }

  /** Stops the timers of open windows; what they counted is not logged. */
  close(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    this.#windows.clear();
  }

  #write(level: 'info' | 'warn' | 'error', message: string, facts: () => object): void {
    const window = this.#windows.get(message) ?? this.#open(level, message);
    if (window.logged === this.limit.lines) {
      window.suppressed++;
      return;
    }
    window.logged++;
    this.log[level](facts(), message);
  }

  #open(level: 'info' | 'warn' | 'error', message: string): Window {
    const window: Window = { logged: 0, suppressed: 0 };
    this.#windows.set(message, window);
    const { seconds } = this.limit;
    const timer = this.clock.after(seconds * 1000, () => {
      this.#timers.delete(timer);
      this.#windows.delete(message);
      if (window.suppressed > 0)
        this.log[level]({ suppressed: window.suppressed, seconds }, `more lines like this: ${message}`);
    });
    this.#timers.add(timer);
    return window;
  }
}
