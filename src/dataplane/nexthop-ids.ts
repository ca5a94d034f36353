/**
 * The ids of our nexthops and groups: far from those that the kernel itself gives (from 1 on), that FRR's zebra counts (from
 * 1 on), and that it makes of multihoming (from 0x10000000 and 0x20000000 on; zebra/zebra_evpn_mh.h).
 */
const FIRST_ID = 0x45000000;
const LAST_ID = 0x45ffffff;

/** Gives ids that nobody has. */
export class NexthopIds {
  #next = FIRST_ID;

  /** `isTaken` returns true if somebody has the id, we included. Throws RangeError where each is. */
  take(isTaken: (id: number) => boolean): number {
    for (let tries = FIRST_ID; tries <= LAST_ID; tries++) {
      const id = this.#next;
      this.#next = id === LAST_ID ? FIRST_ID : id + 1;
      if (!isTaken(id)) return id;
    }
    throw new RangeError('no nexthop id is free');
  }
}
