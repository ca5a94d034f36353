import type { Trail } from '../events/index.js';
import { type Clock, emptyList, type Timer } from '../types/index.js';
import type {
  AnyFamily,
  EvpnNlri,
  Family,
  Nlri,
  OriginatedAttributes,
  UpdateEncoder,
} from '../wire/index.js';
import type { ExportPolicy } from './export-policy.js';
import type { FamilyLocalRib, LocalEntry, LocalRibListener } from './local-rib.js';
import type { LocalRoute } from './route.js';

/** Routes that one turn of a flush encodes. */
const SLICE = 512;

/** What an Adj-RIB-Out writes to. */
export interface UpdateSink {
  /** False asks to write no more before `AdjRibOut.drained` is called. */
  write(update: Buffer): boolean;
  /** All routes begin to be sent again, or have been (BoRR and EoRR, RFC 7313); absent where the neighbor knows neither. */
  readonly mark?: ((what: 'begin' | 'end') => void) | undefined;
  /** Routes such as this one are not sent, since with their attributes they are too long for an UPDATE; once for each policy. */
  readonly unfit?: ((nlri: Nlri) => void) | undefined;
  /** Ends here for each MAC whose route is sent or withdrawn. */
  readonly outbound?: Trail | undefined;
  /** Milliseconds from changes that are sent to the next ones (MinRouteAdvertisementInterval, RFC 4271 §9.2.1.1); 0 where absent. */
  readonly interval?: (() => number) | undefined;
  /** Milliseconds from the last of the first routes to the End-of-RIB; none where absent. */
  readonly endOfRibDelay?: number | undefined;
}

/**
 * One neighbor's Adj-RIB-Out of one family (RFC 4271 §9.1.3) while its session is up. It does not hold the routes: it holds what the
 * neighbor was last told of those that have changed since, which is enough to send each difference once. A change
 * leaves in the same turn of the event loop, behind the other changes of that turn, packed by attributes, unless the neighbor was
 * sent changes less than its interval ago: then it waits, and withdrawals do too.
 */
export class AdjRibOut<Own extends Nlri = EvpnNlri> implements LocalRibListener<Own> {
  readonly #clock: Clock;
  readonly #localRib: FamilyLocalRib<Own>;
  readonly #encoder: UpdateEncoder<Own>;
  readonly #sink: UpdateSink;
  /**
   * What has changed since the neighbor was last sent it, the oldest first; each entry has what that was. What has come and gone
   * again is owed to nobody, so that a neighbor that does not read costs no more than what it was sent.
   */
  readonly #pending = new Set<LocalEntry<Own>>();
  /** One walk over the set for as long as something is in it: a new one each time would pass over all that was taken. */
  #walk: IterableIterator<LocalEntry<Own>> | undefined;
  readonly #sent: number[];
  /** The dump under way: all routes in order of insertion. */
  #dump: IterableIterator<LocalEntry<Own>> | undefined;
  /** Serial of the last entry that the initial dump has passed; what lies behind it was not sent yet. */
  #dumpedTo = 0;
  #initialDump = true;
  /** A refresh was asked for before the initial dump had ended. */
  #refreshDue = false;
  /** Until the End-of-RIB is sent, where it is to wait. */
  #endOfRib: Timer | undefined;
  #blocked = false;
  #flush: Timer | undefined;
  /** The flush waits for the interval to pass. */
  #isWaiting = false;
  /** Clock.now() before which no further changes are sent. */
  #notBefore = 0;
  /** Changes that are still to be sent without a wait: those that were there when the first of them was sent. */
  #burst = 0;

  #policy: ExportPolicy | undefined;
  #hasUnfit = false;

  constructor(
    clock: Clock,
    localRib: FamilyLocalRib<Own>,
    encoder: UpdateEncoder<Own>,
    sink: UpdateSink,
    policy?: ExportPolicy,
  ) {
    this.#policy = policy;
    this.#clock = clock;
    this.#sent = new Array<number>(localRib.family.kinds).fill(0);
    this.#localRib = localRib;
    this.#encoder = encoder;
    this.#sink = sink;
  }

  /** Routes that the neighbor holds of us, by kind. */
  get sent(): readonly number[] {
    return this.#sent;
  }

  /** Begins with everything that stands, End-of-RIB after it (RFC 4724 §2). */
  start(): void {
    this.#localRib.listen(this);
    this.#dump = this.#localRib.entries();
    this.#schedule();
  }

  /** Sends everything again: the neighbor asked for it (RFC 2918 §4). */
  refresh(): void {
    if (this.#initialDump || this.#endOfRib !== undefined) {
      this.#refreshDue = true;
      return;
    }
    this.#dump = this.#localRib.entries();
    this.#sink.mark?.('begin');
    this.#schedule();
  }

  /**
   * Sends routes by that policy from now on: what it makes another route of than the last one did is owed like a change.
   * One walk over all routes of our own, which is what an operator's change of a policy costs.
   */
  changePolicy(policy: ExportPolicy | undefined): void {
    const before = this.#policy;
    for (const entry of this.#localRib.entries()) {
      if (this.#initialDump && entry.serial > this.#dumpedTo) break;
      const { route } = entry;
      if (route === undefined) continue;
      const [was, is] = [this.#exportedBy(before, route), this.#exportedBy(policy, route)];
      if (was?.attributes !== is?.attributes && entry.owe(this, was)) this.#pending.add(entry);
    }
    this.#policy = policy;
    this.#hasUnfit = false;
    this.#schedule();
  }

  /** The route as the neighbor is to have it; undefined where it is not to. */
  #exported(route: LocalRoute<Own> | undefined): LocalRoute<Own> | undefined {
    return route && this.#exportedBy(this.#policy, route);
  }

  /** What is too long for the neighbor is not sent, and withdrawn where it was (RFC 8654 §5). */
  #exportedBy(policy: ExportPolicy | undefined, route: LocalRoute<Own>): LocalRoute<Own> | undefined {
    const made = exported(policy, this.#localRib.family, route);
    return made !== undefined && this.#encoder.fits(made.attributes, made.nlri) ? made : undefined;
  }

  /** The route as the neighbor is sent it now. */
  #toSend(route: LocalRoute<Own> | undefined): LocalRoute<Own> | undefined {
    const made = this.#exported(route);
    if (made === undefined && route !== undefined && !this.#hasUnfit) this.#noteUnfit(route);
    return made;
  }

  #noteUnfit(route: LocalRoute<Own>): void {
    if (exported(this.#policy, this.#localRib.family, route) === undefined) return;
    this.#hasUnfit = true;
    this.#sink.unfit?.(route.nlri);
  }

  /** The session is over: nothing is owed any more. */
  stop(): void {
    this.#localRib.unlisten(this);
    this.#flush?.cancel();
    this.#endOfRib?.cancel();
    this.#flush = undefined;
    this.#dump = undefined;
    for (const entry of this.#pending) this.#settle(entry);
    this.#pending.clear();
    this.#walk = undefined;
  }

  /** Entries whose change the neighbor has still to be sent. */
  get owed(): number {
    return this.#pending.size;
  }

  /** The socket takes bytes again. */
  drained(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#schedule();
  }

  changed(entry: LocalEntry<Own>, before: LocalRoute<Own> | undefined): void {
    if (this.#initialDump && entry.serial > this.#dumpedTo) return;
    if (entry.owe(this, this.#exported(before))) this.#pending.add(entry);
    else if (entry.route === undefined && entry.isToldNothing(this)) {
      this.#pending.delete(entry);
      // The RIB lets the entry go once everybody was sent the change
      entry.settle(this);
      return;
    }
    this.#schedule();
  }

  /** Where something waits. */
  #schedule(): void {
    if (this.#blocked || (this.#flush !== undefined && !this.#isWaiting)) return;
    if (this.#pending.size === 0 && this.#dump === undefined) return;
    const isFree = this.#dump !== undefined || this.#burst > 0;
    const wait = isFree ? 0 : this.#notBefore - this.#clock.now();
    if (wait > 0) {
      this.#isWaiting = true;
      this.#flush ??= this.#clock.after(wait, this.#work);
      return;
    }
    this.#flush?.cancel();
    this.#isWaiting = false;
    // What is decided is sent before more is decided
    this.#flush = this.#clock.soonest(this.#work);
  }

  readonly #work = (): void => {
    this.#flush = undefined;
    this.#isWaiting = false;
    this.#flushSlice();
  };

  /** Takes what has waited longest. */
  #take(): LocalEntry<Own> | undefined {
    this.#walk ??= this.#pending.values();
    const next = this.#walk.next();
    if (next.done === true) {
      this.#walk = undefined;
      return undefined;
    }
    this.#pending.delete(next.value);
    return next.value;
  }

  /** Returns what the neighbor was sent last of an entry of which it is going to be sent the change. */
  #settle(entry: LocalEntry<Own>): LocalRoute<Own> | undefined {
    const sent = entry.settle(this);
    this.#localRib.release(entry);
    return sent;
  }

  #flushSlice(): void {
    const slice = new Slice<Own>();
    this.#takePending(slice);
    const dumpEnds = this.#takeDump(slice);
    for (const update of slice.updates(this.#encoder)) this.#write(update);
    if (dumpEnds && this.#initialDump) {
      this.#initialDump = false;
      const delay = this.#sink.endOfRibDelay ?? 0;
      if (delay === 0) this.#toldAll();
      else this.#endOfRib = this.#clock.after(delay, () => this.#toldAll());
    } else if (dumpEnds) this.#sink.mark?.('end');
    this.#schedule();
  }

  #toldAll(): void {
    this.#endOfRib = undefined;
    this.#write(this.#encoder.endOfRib());
    if (this.#refreshDue) this.refresh();
  }

  #write(update: Buffer): void {
    // The rest of the slice goes into the socket's own buffer; no further slice is cut until it has drained
    if (!this.#sink.write(update)) this.#blocked = true;
  }

  #takePending(slice: Slice<Own>): void {
    if (this.#burst === 0 && this.#pending.size > 0) {
      this.#burst = this.#pending.size;
      this.#notBefore = this.#clock.now() + (this.#sink.interval?.() ?? 0);
    }
    while (slice.size < SLICE && this.#burst > 0) {
      const entry = this.#take();
      this.#burst = entry === undefined ? 0 : this.#burst - 1;
      if (entry === undefined) return;
      const { outbound } = this.#sink;
      if (outbound && !outbound.isEmpty && 'mac' in entry.nlri) outbound.end(entry.nlri.mac);
      const sent = this.#settle(entry);
      const route = this.#toSend(entry.route);
      if (route !== undefined) {
        if (sent === undefined) this.#sent[route.nlri.type]++;
        if (sent?.attributes !== route.attributes || !this.#localRib.family.same(sent.nlri, route.nlri))
          slice.announce(route);
      } else if (sent !== undefined) {
        this.#sent[sent.nlri.type]--;
        slice.withdraw(sent.nlri);
      }
    }
  }

  /** True when the dump has come to its end in this slice. */
  #takeDump(slice: Slice<Own>): boolean {
    if (this.#dump === undefined) return false;
    while (slice.size < SLICE) {
      const next = this.#dump.next();
      if (next.done === true) {
        this.#dump = undefined;
        return true;
      }
      const entry = next.value;
      const route = this.#toSend(entry.route);
      if (this.#initialDump) {
        this.#dumpedTo = entry.serial;
        if (route !== undefined) this.#sent[entry.nlri.type]++;
      }
      if (route !== undefined) slice.announce(route);
    }
    return false;
  }
}

function exported<Own extends Nlri>(
  policy: ExportPolicy | undefined,
  family: Family<Own>,
  route: LocalRoute<Own>,
): LocalRoute<Own> | undefined {
  return policy === undefined ? route : policy.apply(family as unknown as AnyFamily, route);
}

interface Group<Own extends Nlri> {
  readonly attributes: OriginatedAttributes;
  readonly nlri: Own[];
}

/** What one turn sends: routes grouped by attributes object, so that each group shares its UPDATEs. */
class Slice<Own extends Nlri> {
  size = 0;
  readonly #groups = emptyList<Group<Own>>();
  /** The same, where there are several: most slices are of one route. */
  #byAttributes: Map<OriginatedAttributes, Group<Own>> | undefined;
  readonly #withdrawn = emptyList<Own>();

  announce({ nlri, attributes }: LocalRoute<Own>): void {
    this.size++;
    this.#group(attributes).nlri.push(nlri);
  }

  withdraw(nlri: Own): void {
    this.size++;
    this.#withdrawn.push(nlri);
  }

  updates(encoder: UpdateEncoder<Own>): Buffer[] {
    const updates = encoder.withdraw(this.#withdrawn);
    for (const { attributes, nlri } of this.#groups) updates.push(...encoder.announce(attributes, nlri));
    return updates;
  }

  #group(attributes: OriginatedAttributes): Group<Own> {
    const groups = this.#groups;
    const latest = groups.length > 0 ? groups[groups.length - 1] : undefined;
    if (latest?.attributes === attributes) return latest;
    let group = this.#byAttributes?.get(attributes);
    if (group !== undefined) return group;
    group = { attributes, nlri: emptyList() };
    if (latest !== undefined) {
      this.#byAttributes ??= new Map([[latest.attributes, latest]]);
      this.#byAttributes.set(attributes, group);
    }
    groups.push(group);
    return group;
  }
}
