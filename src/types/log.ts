/** The logger of every folder; pino's is one. `facts` are the details, `message` the event. */
export interface Log {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** Logs nothing: for pure tests. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
