/** What a program that is measured as the leaf's BGP speaker has in common with the others. */

/** The neighbors' addresses, and the seconds between KEEPALIVEs. */
export interface Sessions {
  readonly peers: readonly string[];
  readonly keepalive: number;
  /** IPv4 unicast beside EVPN, over at most two paths, and into the kernel's main table. */
  readonly unicast?: boolean;
  /** So many VRFs. */
  readonly vrfs?: number;
  /** Its heap can be asked for. */
  readonly collected?: boolean;
}

/** Nice=-5, as both systemd units have it. */
export const AT_UNITS_PRIORITY = ['nice', '-n', '-5'];

/** A leaf's daemons while they run. */
export interface Engine {
  start(): Promise<void>;
  /** kill -9, all of it. */
  kill(): Promise<void>;
  /** Of every process of it that runs. */
  readonly pids: readonly number[];
  logs(): string;
  /** Octets that are held when all garbage is collected; of evpnd alone, and only where its sessions say `collected`. */
  heap?(): Promise<number>;
}
