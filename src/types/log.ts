/** What every room logs to; pino's logger is one. The object holds the facts, the message the sentence. */
export interface Log {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** Says nothing: for pure tests. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
