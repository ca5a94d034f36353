import type { Destination } from '../bgp/index.js';
import type { Ip } from '../types/index.js';
import type { OriginatedAttributes } from '../wire/index.js';

/** Where the BUM traffic of one VNI goes, by the Type-3 routes that it imports. Data only. */
export class FloodList {
  /** BUM traffic goes to other leaves and comes from them. */
  enabled = true;
  /** By the VTEP that wants a copy: the end of the tunnel, whoever originated the routes. */
  readonly routes = new Map<Ip, Set<Destination>>();
  /** Routes of trees, which take no copies of ours. */
  readonly trees = new Set<Destination>();
  /** VTEPs to be decided on. */
  readonly dirty = new Set<Ip>();
  /** VTEPs for which there is no room, the one that waits longest first; most VNIs have none. */
  leftOut: Set<Ip> | undefined = undefined;
  /** The attributes that our own Type-3 was last originated with. */
  advertised: OriginatedAttributes | undefined = undefined;

  /** Adds a route; `vtep` wants the copy, none for a tree. */
  add(destination: Destination, vtep: Ip | undefined): void {
    if (vtep === undefined) {
      this.trees.add(destination);
      return;
    }
    let routes = this.routes.get(vtep);
    if (!routes) {
      routes = new Set();
      this.routes.set(vtep, routes);
    }
    routes.add(destination);
    this.dirty.add(vtep);
  }

  /** Removes a route that was added with this VTEP. */
  remove(destination: Destination, vtep: Ip | undefined): void {
    this.trees.delete(destination);
    if (vtep === undefined) return;
    const routes = this.routes.get(vtep);
    if (routes?.delete(destination) && routes.size === 0) this.routes.delete(vtep);
    this.dirty.add(vtep);
  }

  markAll(): void {
    for (const vtep of this.routes.keys()) this.dirty.add(vtep);
  }

  /** Returns each route that is imported, once. */
  *imported(): IterableIterator<Destination> {
    for (const routes of this.routes.values()) yield* routes;
    yield* this.trees;
  }
}
