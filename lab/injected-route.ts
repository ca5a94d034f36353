/** What every injecting peer has in common. */
interface Injected {
  /** As text: `10.9.9.9:1`. */
  rd: string;
  /** As text: `65000:10010`. */
  routeTargets: readonly string[];
  vni: number;
  nextHop: string;
  /** 0 where absent. */
  ethernetTag?: number;
  /** What the encapsulation community says; vxlan where absent. */
  encapsulation?: 'vxlan' | 'mpls';
}

/** An EVPN route that a peer other than a leaf announces for a test: types 2 and 3 of RFC 7432 over VXLAN. */
export type InjectedRoute =
  | ({ type: 'mac'; mac: string; ip?: string } & Injected)
  /** `pmsi` false: without a PMSI Tunnel attribute. */
  | ({ type: 'multicast'; originator: string; pmsi?: false } & Injected);

/** A neighbor of an injecting peer. */
export interface PeerNeighbor {
  address: string;
  asn: number;
}
/** What an injecting peer is configured with. */
export interface PeerConfig {
  asn: number;
  routerId: string;
  /** Its own address of the sessions, in the order of `neighbors`. */
  localAddresses: readonly string[];
  neighbors: readonly PeerNeighbor[];
  /** iBGP: reflect routes between the neighbors. */
  reflect: boolean;
  /** Graceful restart (RFC 4724), and the long-lived one behind it (RFC 9494); false when absent. GoBGP alone can. */
  gracefulRestart?: boolean | 'long-lived';
}
