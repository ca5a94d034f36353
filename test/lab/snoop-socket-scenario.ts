import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SnoopObserver } from '../../src/dataplane/index.js';
import { LinuxSnooper, native } from '../../src/linux/index.js';
import { formatIp, formatMac, macToBytes, parseIp, parseMac, silentLog } from '../../src/types/index.js';
import { batch, ifindex } from './linux-commands.js';
import { runCases, until } from './linux-namespace.js';

const HOST = parseMac('02:00:00:00:00:01');
const THIRD = parseMac('02:00:00:00:00:03');
const OURS = parseMac('02:00:00:00:00:fe');
const AF_PACKET = 17;

class Notes implements SnoopObserver {
  readonly lines: string[] = [];
  heard(port: number, tag: number, mac: number, ip: number | string): void {
    this.lines.push(`${port} ${tag} ${formatMac(mac as never)} ${formatIp(ip as never)}`);
  }
  readonly floods: number[] = [];
  flooded(port: number): void {
    this.floods.push(port);
  }
  tentative(port: number, tag: number, ip: number | string): void {
    this.lines.push(`${port} ${tag} wants ${formatIp(ip as never)}`);
  }
}

function arp(tag: number, source: number, senderIp: number, tagProtocol = 0x8100): Buffer {
  const frame = Buffer.alloc(tag === 0 ? 42 : 46);
  frame.fill(0xff, 0, 6);
  macToBytes(source as never, frame, 6);
  let at = 12;
  if (tag !== 0) {
    frame.writeUInt16BE(tagProtocol, at);
    frame.writeUInt16BE(tag, at + 2);
    at += 4;
  }
  frame.writeUInt16BE(0x0806, at);
  Buffer.from('0001080006040001', 'hex').copy(frame, at + 2);
  macToBytes(source as never, frame, at + 10);
  frame.writeUInt32BE(senderIp, at + 16);
  frame.writeUInt32BE(0x0a0a0a01, at + 26);
  return frame;
}

class Sender {
  readonly #socket = new (native().RawSocket)(AF_PACKET, 3, 0);
  readonly #to = Buffer.alloc(20);

  constructor(index: number) {
    this.#to.writeUInt16LE(AF_PACKET, 0);
    this.#to.writeInt32LE(index, 4);
  }
  send(frame: Buffer): void {
    assert.equal(this.#socket.sendTo(frame, 0, frame.length, this.#to), frame.length);
  }
  close(): void {
    this.#socket.close();
  }
}

async function withWire(
  body: (scene: {
    notes: Notes;
    snooper: LinuxSnooper;
    host: Sender;
    port: number;
    hostPort: number;
  }) => Promise<void>,
): Promise<void> {
  batch('ip', ['link add sp type veth peer name sh', 'link set sp up', 'link set sh up']);
  const notes = new Notes();
  const snooper = new LinuxSnooper({ log: silentLog });
  const hostPort = ifindex('sh');
  const host = new Sender(hostPort);
  try {
    snooper.start(notes);
    await body({ notes, snooper, host, port: ifindex('sp'), hostPort });
  } finally {
    snooper.close();
    host.close();
    batch('ip', ['link del sp'], true);
  }
}

const IP = parseIp('10.10.10.11') as number;

await runCases([
  {
    name: 'frames that came in are told with their device and their tag, all else is filtered',
    run: () =>
      withWire(async ({ notes, host, port }) => {
        const other = Buffer.alloc(60, 0xff);
        macToBytes(HOST, other, 6);
        other.writeUInt16BE(0x88b5, 12);
        host.send(other);
        host.send(arp(0, HOST, IP));
        host.send(arp(10, HOST, IP));
        host.send(arp(0x6000 | 20, HOST, IP));
        host.send(arp(30, HOST, IP, 0x88a8));
        host.send(arp(0, HOST, IP).subarray(0, 30));
        host.send(arp(0, HOST, 0));
        await until('all', () => notes.lines.some((line) => line.includes('wants')));
        const said = `${formatMac(HOST)} 10.10.10.11`;
        assert.deepEqual(
          notes.lines.filter((line) => !line.includes('fe80')),
          [`${port} 0 ${said}`, `${port} 10 ${said}`, `${port} 20 ${said}`, `${port} 0 wants 10.10.10.1`],
        );
      }),
  },
  {
    name: 'questions leave by the port, tagged or not, and the host hears them',
    run: () =>
      withWire(async ({ notes, snooper, port, hostPort }) => {
        const ip = parseIp('10.10.10.11');
        assert.equal(snooper.ask({ port, tag: 0, mac: HOST, ip, source: OURS }), true);
        assert.equal(snooper.ask({ port, tag: 10, mac: HOST, ip: parseIp('fd10::11'), source: OURS }), true);
        assert.equal(snooper.ask({ port: 99_999, tag: 0, mac: HOST, ip, source: OURS }), false);
        // The other end of the wire is in this namespace too
        const wanted = [
          `${hostPort} 0 wants 10.10.10.11`,
          `${hostPort} 10 ${formatMac(OURS)} fe80::ff:fe00:fe`,
        ];
        await until('both', () => wanted.every((line) => notes.lines.includes(line)));
        assert.ok(notes.lines.every((line) => !line.startsWith(`${port} `) || line.includes('fe80')));
      }),
  },
  {
    name: 'a flood is cut off by the kernel, not by us, and another port is heard meanwhile',
    run: () =>
      withWire(async ({ notes, host, port }) => {
        const flood = arp(0, HOST, IP);
        const sent = 20_000;
        // In one go: nobody reads meanwhile
        for (let i = 0; i < sent; i++) host.send(flood);
        await until('the flood is noticed', () => notes.floods.includes(port));
        const end = performance.now() + 500;
        batch('ip', ['link add sp2 type veth peer name sh2', 'link set sp2 up', 'link set sh2 up']);
        const victim = new Sender(ifindex('sh2'));
        const said = () => notes.lines.filter((line) => line.includes(formatMac(OURS))).length;
        let words = 0;
        while (performance.now() < end) {
          for (let i = 0; i < 200; i++) host.send(flood);
          if (words < 20) victim.send(arp(0, OURS, IP + words++));
          await sleep(1);
        }
        victim.close();
        batch('ip', ['link del sp2']);
        await until('every word of the other port', () => said() === 20);
        assert.ok(notes.lines.length < sent / 4, `${notes.lines.length} were told`);
        // When it is over the port is heard again
        await until('a word of the port itself', () => {
          host.send(arp(0, THIRD, IP));
          return notes.lines.includes(`${port} 0 ${formatMac(THIRD)} 10.10.10.11`);
        });
      }),
  },
]);
