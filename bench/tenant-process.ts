/** A hostile tenant in the leaf's namespace: frames from the far ends of its ports, hosts in bulk, and readers of the REST API. */
import { Agent, get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Span } from './flat-routes.js';
import { FLOODS, type Flood, type FloodName, FRAME_ROOM } from './hostile-frames.js';
import { packetSocket } from './packet-socket.js';
import { BATCH, deviceOf, encodeLocal, LocalRows } from './probe-rows.js';
import { now, serve } from './rpc.js';
import { localMacAt, vniIndexOf } from './workload.js';

const AT_A_TIME = 50;

interface Reading {
  readonly clients: number;
  readonly path: string;
  readonly port: number;
  /** Milliseconds. */
  readonly limit: number;
}

/** Hosts of a span appear behind the leaf's ports, or go; `vniIndexAt` tells in which VNI each is. */
async function sendHosts(
  { from, to }: Span,
  vniIndexAt: (n: number) => number,
  verb: 'add' | 'delete',
): Promise<void> {
  const words = new Uint32Array(BATCH * 24);
  const socket = new LocalRows();
  for (let i = from; i < to; i += BATCH) {
    let word = 0;
    for (let n = i; n < Math.min(i + BATCH, to); n++)
      word = encodeLocal(words, word, deviceOf('acc', vniIndexAt(n)), localMacAt(n), verb);
    socket.send(words, word);
    if (((i - from) / BATCH) % 16 === 0) await delay(1);
  }
  socket.close();
}

/** How many answers of each status there were. */
class Answers {
  readonly counts: Record<string, number> = {};

  add(status: string): void {
    this.counts[status] = (this.counts[status] ?? 0) + 1;
  }
}

/** The status of an answer, or what became of the request; given up after `timeout` milliseconds. */
function statusOf(agent: Agent, port: number, path: string, timeout?: number): Promise<string> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path, agent }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(String(answer.statusCode)));
      answer.on('error', () => resolve('cut'));
    });
    request.on('error', ({ message }) => resolve(message.includes('ECONN') ? 'refused' : 'failed'));
    if (timeout !== undefined) request.setTimeout(timeout, () => request.destroy());
  });
}

export const handlers = {
  /** Sends a `share` of a flood's frames at its rate from two ports, no longer than `limit` milliseconds; how many were sent. */
  async flood(order: {
    name: FloodName;
    ports: readonly string[];
    share: number;
    limit: number;
  }): Promise<number> {
    const { frames, count, rate }: Flood = FLOODS[order.name];
    const sockets = order.ports.map(packetSocket);
    const frame = Buffer.alloc(FRAME_ROOM);
    const started = now();
    const all = Math.ceil(count * order.share);
    let i = 0;
    while (i < all && now() - started < order.limit) {
      const due = Math.min(all, Math.floor(((now() - started) / 1000) * rate) + 1, i + AT_A_TIME);
      for (; i < due; i++) {
        const { length, port } = frames(frame, i);
        sockets[port].send(frame, 0, length);
      }
      await (i < due + AT_A_TIME ? delay(1) : undefined);
    }
    for (const socket of sockets) socket.close();
    return i;
  },
  /** Hosts appear behind the leaf's ports and go, so many times; for each round there is so much time, in milliseconds. */
  async hosts(order: { count: number; vnis: number; rounds: number; pause: number }): Promise<void> {
    const routes = { count: order.count, vnis: order.vnis, withIp: false };
    const span = { from: 0, to: order.count };
    for (let half = 0; half < 2 * order.rounds; half++) {
      await sendHosts(span, (n) => vniIndexOf(routes, n), half % 2 === 0 ? 'add' : 'delete');
      await delay(order.pause);
    }
  },
  /** Hosts `from` up to but without `to` appear behind the leaf's ports, in all VNIs in turn, or go. */
  async someHosts(order: { span: Span; vnis: number; verb: 'add' | 'delete' }): Promise<void> {
    await sendHosts(order.span, (n) => n % order.vnis, order.verb);
  },
  /** Clients that ask once for each path; how many answers of each status there were. */
  async ask({ clients, port, paths }: { clients: number; port: number; paths: readonly string[] }) {
    const answers = new Answers();
    const agent = new Agent({ keepAlive: true, maxSockets: clients });
    let next = 0;
    const client = async () => {
      while (next < paths.length) answers.add(await statusOf(agent, port, paths[next++]));
    };
    await Promise.all(Array.from({ length: clients }, client));
    agent.destroy();
    return answers.counts;
  },
  /** Clients that read a page again and again, each on one connection; how many answers of each status there were. */
  async read({ clients, path, port, limit }: Reading): Promise<Record<string, number>> {
    const until = now() + limit;
    const answers = new Answers();
    const agent = new Agent({ keepAlive: true, maxSockets: clients });
    const client = async () => {
      while (now() < until) {
        const status = await statusOf(agent, port, path, Math.max(1, until - now()));
        answers.add(status);
        if (status !== '200') await delay(100);
      }
    };
    await Promise.all(Array.from({ length: clients }, client));
    agent.destroy();
    return answers.counts;
  },
};

serve(handlers);
