import type { ServerResponse } from 'node:http';
import { type Static, Type } from '@sinclair/typebox';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { invalidParameter, Problem } from './errors.js';
import { isFromUnixSocket } from './listen.js';
import { problemAnswers } from './resource.js';
import { type EventChoice, EventFilter, type EventSource, eventChoice } from './resources/events.js';
import { closed } from './schema-words.js';
import type { Turns } from './turnstile.js';
import { toJson } from './written.js';

/** Concurrent readers, and those of them that may come over TCP; a further one is answered with 503. */
const MOST_STREAMS = 16;
const MOST_OVER_TCP = 12;
/** Events looked at in one step: less than a millisecond. */
const STEP = 64;
/** Milliseconds between two signs of life, so that neither side takes the silence for a broken connection. */
const HEARTBEAT = 15_000;
/** Milliseconds after which a reader that takes nothing is gone. */
const PATIENCE = 60_000;
/** Milliseconds that a client is to wait before it connects again. */
const RETRY = 2000;

const StreamQuery = Type.Object(
  {
    ...EventFilter,
    after: Type.Optional(
      Type.String({
        description:
          'The `id` of the last event that was read: what is kept of those behind it comes first. The header Last-Event-ID has the same meaning. Absent, and without `since`: only what happens from now on.',
        allowed: 'the `id` of an event',
      }),
    ),
  },
  closed,
);

/**
 * Adds `/events`: server-sent events (WHATWG HTML §9.2). An event's name is its kind, its data the Event as JSON. Where
 * some that the reader has not seen are kept no longer, an event `lost` comes first.
 */
export function addEventStream(scope: FastifyInstance, source: EventSource, turns: Turns): void {
  const streams = new Set<EventStream>();
  let overTcp = 0;
  const refuseTooMany = ({ raw: { socket } }: FastifyRequest): void => {
    if (streams.size >= MOST_STREAMS)
      throw new Problem('busy', `${MOST_STREAMS} readers follow the events; ask again later`);
    if (overTcp >= MOST_OVER_TCP && !isFromUnixSocket(socket))
      throw new Problem(
        'busy',
        `${MOST_OVER_TCP} readers follow the events over TCP; ask again later, or over the Unix socket`,
      );
  };
  scope.addHook('preClose', async () => {
    for (const stream of streams) stream.end();
  });
  scope.get(
    '/events',
    {
      exposeHeadRoute: false,
      schema: {
        summary: 'What happens, as server-sent events',
        querystring: StreamQuery,
        response: {
          200: { description: 'OK', content: { 'text/event-stream': { schema: Type.String() } } },
          ...problemAnswers([400, 503]),
        },
      },
    },
    async (request, reply) => {
      const query = request.query as Static<typeof StreamQuery>;
      const choice = eventChoice(query, source.now());
      const start = startOf(request, source);
      refuseTooMany(request);
      reply.hijack();
      // Whoever left while the request waited leaves no second time
      if (reply.raw.destroyed) return;
      const stream = new EventStream(reply.raw, source, choice, turns, start);
      streams.add(stream);
      const isOverTcp = !isFromUnixSocket(request.raw.socket);
      if (isOverTcp) overTcp++;
      reply.raw.once('close', () => {
        streams.delete(stream);
        if (isOverTcp) overTcp--;
        stream.close();
      });
      stream.begin();
    },
  );
}

interface Start {
  /** The number of the event behind which it begins. */
  readonly id: number;
  /** True where it has missed events. */
  readonly lost: boolean;
}

/** Where a reader begins: behind the event that it read last, if it says so. Throws Problem. */
function startOf(request: FastifyRequest, source: EventSource): Start {
  const { after, since } = request.query as Static<typeof StreamQuery>;
  const header = request.headers['last-event-id'];
  const last = after ?? (typeof header === 'string' && header !== '' ? header : undefined);
  if (last === undefined) return { id: since === undefined ? source.lastId : 0, lost: false };
  if (!/^[0-9a-z]{1,12}-\d{1,15}$/.test(last)) throw invalidParameter('after', last, 'the `id` of an event');
  const id = source.parse(last);
  // Of another process: what happened in between is not known, and all that is kept is new
  return id === undefined || id > source.lastId ? { id: 0, lost: true } : { id, lost: false };
}

/** One reader of the events. */
class EventStream {
  readonly #response: ServerResponse;
  readonly #source: EventSource;
  readonly #wanted: EventChoice;
  readonly #turns: Turns;
  /** The number of the event that was looked at last. */
  #at: number;
  #lost: boolean;
  /** The number of the latest event whose loss has been told. */
  #told = 0;
  #busy = false;
  #closed = false;
  /** When the reader's buffers became full; undefined while there is room. */
  #fullSince: number | undefined;
  #leave = () => {};
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(
    response: ServerResponse,
    source: EventSource,
    wanted: EventChoice,
    turns: Turns,
    start: Start,
  ) {
    this.#response = response;
    this.#source = source;
    this.#wanted = wanted;
    this.#turns = turns;
    this.#at = start.id;
    this.#lost = start.lost;
  }

  begin(): void {
    this.#response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      // So that a proxy passes each event on at once
      'x-accel-buffering': 'no',
    });
    this.#response.on('drain', () => {
      this.#fullSince = undefined;
      this.#wake();
    });
    this.#leave = this.#source.follow(() => this.#wake());
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT).unref();
    this.#write(`retry: ${RETRY}\n\n`);
    this.#wake();
  }

  /** Ends the answer: evpnd stops. */
  end(): void {
    this.#response.end();
    this.close();
  }

  close(): void {
    this.#closed = true;
    this.#leave();
    clearInterval(this.#heartbeat);
  }

  #beat(): void {
    if (this.#fullSince === undefined) this.#write(':\n\n');
    else if (performance.now() - this.#fullSince > PATIENCE) this.#response.destroy();
  }

  #write(text: string): void {
    if (!this.#response.write(text)) this.#fullSince ??= performance.now();
  }

  #wake(): void {
    if (this.#busy || this.#closed || this.#fullSince !== undefined) return;
    this.#busy = true;
    void this.#send();
  }

  async #send(): Promise<void> {
    do await this.#turns.next();
    while (!this.#closed && this.#turns.timed(() => this.#step()));
    this.#busy = false;
  }

  /** Writes the events of one step; true where more may follow at once. */
  #step(): boolean {
    const lost = this.#source.lostAfter(Math.max(this.#at, this.#told), this.#wanted.kinds);
    if (this.#lost || (lost && lost.at >= this.#wanted.earliest)) {
      this.#lost = false;
      // What other classes have of an earlier time is kept
      this.#told = Math.max(this.#told, lost?.id ?? 0);
      this.#write('event: lost\ndata: {"text":"events that were not read are kept no longer"}\n\n');
    }
    let looked = 0;
    let text = '';
    for (const record of this.#source.after(this.#at)) {
      if (looked++ === STEP) break;
      this.#at = record.id;
      if (!this.#wanted.wants(record)) continue;
      const item = this.#source.item(record);
      text += `id: ${item.id}\nevent: ${item.kind}\ndata: ${toJson(item)}\n\n`;
    }
    if (text !== '') this.#write(text);
    return looked > STEP && this.#fullSince === undefined;
  }
}
