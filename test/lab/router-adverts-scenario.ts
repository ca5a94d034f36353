import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { native, RawNdTransport } from '../../src/linux/index.js';
import { decodeNd, encodeAdvertisement, encodeSolicitation, type NdChannel } from '../../src/nd/index.js';
import { formatIp, ipToBytes, parseIp, silentLog } from '../../src/types/index.js';
import { batch, ifindex } from './linux-commands.js';
import { runCases, until } from './linux-namespace.js';

const AF_PACKET = 17;
const SPINE = parseIp('fe80::99');

/** A frame of ICMPv6 as a test wants it: its checksum is right unless `checksum` says by how much it is not. */
function frame(
  message: Buffer,
  { from = SPINE, to = parseIp('ff02::1'), hopLimit = 255, checksum = 0, nextHeader = 58 } = {},
): Buffer {
  const bytes = Buffer.alloc(54 + message.length);
  Buffer.from('333300000001020000000099', 'hex').copy(bytes, 0);
  bytes.writeUInt16BE(0x86dd, 12);
  bytes[14] = 0x60;
  bytes.writeUInt16BE(message.length, 18);
  bytes[20] = nextHeader;
  bytes[21] = hopLimit;
  ipToBytes(from, bytes, 22);
  ipToBytes(to, bytes, 38);
  message.copy(bytes, 54);
  if (message.length >= 4) {
    bytes.writeUInt16BE(0, 56);
    bytes.writeUInt16BE((sumOf(bytes) + checksum) & 0xffff, 56);
  }
  return bytes;
}

/** RFC 4443 §2.3. */
function sumOf(bytes: Buffer): number {
  const length = bytes.length - 54;
  let sum = length + 58;
  for (let at = 22; at < bytes.length; at += 2)
    sum += (bytes[at] << 8) + (at + 1 < bytes.length ? bytes[at + 1] : 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

interface Scene {
  /** What was heard, as `source verdict`. */
  readonly heard: string[];
  readonly channel: NdChannel;
  /** Sends a frame from the other end. */
  send(frame: Buffer): void;
  /** What the kernel's other end heard of us: source, hop limit, destination and the message in hex. */
  overheard(): string[];
}

async function withWire(body: (scene: Scene) => Promise<void>): Promise<void> {
  batch('ip', [
    'link add swp1 type veth peer name far',
    'link add swp2 type veth peer name far2',
    'link set swp1 addrgenmode none',
    'link set swp1 up',
    'link set far up',
    'link set swp2 up',
    'link set far2 up',
    'addr add fe80::1/64 dev swp1 nodad',
  ]);
  const far = ifindex('far');
  const to = Buffer.alloc(20);
  to.writeUInt16LE(AF_PACKET, 0);
  to.writeInt32LE(far, 4);
  const sender = new (native().RawSocket)(AF_PACKET, 3, 0x0300);
  const at = Buffer.alloc(20);
  at.writeUInt16LE(AF_PACKET, 0);
  at.writeUInt16BE(3, 2);
  at.writeInt32LE(far, 4);
  assert.equal(sender.bind(at), 0);
  const heard: string[] = [];
  const channel = new RawNdTransport(silentLog).open(
    ifindex('swp1'),
    ({ bytes, start, length, source, hopLimit }) => {
      const said = decodeNd(bytes, start, length, source, hopLimit);
      heard.push(`${formatIp(source)} ${typeof said === 'string' ? said : JSON.stringify(said)}`);
    },
  );
  const room = Buffer.alloc(64 * 2048);
  const lengths = new Int32Array(65);
  try {
    await body({
      heard,
      channel,
      send: (bytes) => assert.equal(sender.sendTo(bytes, 0, bytes.length, to), bytes.length),
      overheard() {
        const lines: string[] = [];
        const count = sender.receiveMany(room, 2048, lengths);
        for (let i = 0, start = 0; i < count; i++) {
          const bytes = room.subarray(start, start + lengths[1 + i]);
          start += (bytes.length + 3) & ~3;
          if (bytes.readUInt16BE(12) !== 0x86dd || bytes[20] !== 58) continue;
          if (bytes[54] !== 133 && bytes[54] !== 134) continue;
          if (bytes.subarray(22, 38).toString('latin1') !== parseIp('fe80::1')) continue;
          lines.push(
            `${formatIp(bytes.toString('latin1', 38, 54) as never)} ${bytes[21]} ${bytes.subarray(54).toString('hex')}`,
          );
        }
        return lines;
      },
    });
  } finally {
    channel.close();
    sender.close();
    batch('ip', ['link del swp1', 'link del swp2'], true);
  }
}

const RA = encodeAdvertisement(30);
const TAKEN = 'fe80::99 {"type":134,"lifetime":30}';

await runCases([
  {
    name: 'an advertisement is heard with its source and its hop limit',
    run: () =>
      withWire(async ({ heard, send }) => {
        send(frame(RA));
        send(frame(encodeSolicitation(), { to: parseIp('ff02::2') }));
        await until('both', () => heard.length === 2);
        assert.deepEqual(heard, [TAKEN, 'fe80::99 {"type":133}']);
      }),
  },
  {
    name: 'the kernel drops a wrong checksum and what is no router discovery, and passes all else on to be judged',
    run: () =>
      withWire(async ({ heard, send }) => {
        for (const checksum of [1, 0x8000, 0xfffe]) send(frame(RA, { checksum }));
        const neighborAdvertisement = Buffer.alloc(24);
        neighborAdvertisement[0] = 136;
        send(frame(neighborAdvertisement));
        send(frame(RA, { nextHeader: 17 }));
        send(frame(RA, { hopLimit: 254 }));
        send(frame(RA, { hopLimit: 1 }));
        for (const length of [15, 13, 4]) send(frame(RA.subarray(0, length)));
        send(frame(Buffer.concat([RA, Buffer.from([1, 0, 0, 0, 0, 0, 0, 0])])));
        send(frame(RA, { from: parseIp('2001:db8::1') }));
        send(frame(RA));
        await until('the last one', () => heard.at(-1) === TAKEN);
        assert.deepEqual(heard, [
          'fe80::99 hop-limit',
          'fe80::99 hop-limit',
          'fe80::99 length',
          'fe80::99 length',
          'fe80::99 length',
          'fe80::99 option',
          '2001:db8::1 source',
          TAKEN,
        ]);
      }),
  },
  {
    name: 'what is sent has hop limit 255, a link-local source and the checksum that the kernel filled in',
    run: () =>
      withWire(async ({ channel, heard, overheard }) => {
        assert.equal(channel.send(RA, parseIp('ff02::1')), undefined);
        assert.equal(channel.send(encodeSolicitation(), parseIp('ff02::2')), undefined);
        const lines: string[] = [];
        // The kernel solicits by itself too, with an option that tells its MAC
        const ours = () =>
          lines
            .map((line) => line.split(' '))
            .filter(([, , bytes]) => !(bytes.startsWith('85') && bytes.length > 16));
        await until('both on the wire', () => {
          lines.push(...overheard());
          return ours().length >= 2;
        });
        const [first, second] = ours();
        assert.deepEqual(first.slice(0, 2), ['ff02::1', '255']);
        assert.match(first[2], /^8600(?!0000)[0-9a-f]{4}0018001e0000000000000000$/);
        assert.deepEqual(second.slice(0, 2), ['ff02::2', '255']);
        assert.match(second[2], /^8500(?!0000)[0-9a-f]{4}00000000$/);
        await sleep(50);
        assert.deepEqual(heard, [], 'what we sent ourselves');
      }),
  },
  {
    name: 'what comes by another interface is not heard, and a flood is read in bounded turns',
    run: () =>
      withWire(async ({ heard, send }) => {
        const other = Buffer.alloc(20);
        other.writeUInt16LE(AF_PACKET, 0);
        other.writeInt32LE(ifindex('far2'), 4);
        const stranger = new (native().RawSocket)(AF_PACKET, 3, 0);
        const elsewhere = frame(RA, { from: parseIp('fe80::77') });
        assert.equal(stranger.sendTo(elsewhere, 0, elsewhere.length, other), elsewhere.length);
        stranger.close();
        for (let i = 0; i < 5000; i++) send(frame(RA));
        await until('something', () => heard.length > 0);
        await sleep(200);
        assert.ok(heard.length <= 5000);
        assert.ok(heard.every((line) => line === TAKEN));
        // The end of the flood is the end of it
        heard.length = 0;
        send(frame(RA, { from: parseIp('fe80::98') }));
        await until('the next one', () => heard.length > 0);
        assert.deepEqual(heard, ['fe80::98 {"type":134,"lifetime":30}']);
      }),
  },
  {
    name: 'what comes by another interface is not heard either while a socket is made',
    run: () =>
      withWire(async ({ heard }) => {
        const elsewhere = frame(RA, { from: parseIp('fe80::77') });
        const worker = new Worker(new URL('./support/flood-frames.js', import.meta.url), {
          workerData: { ifindex: ifindex('far2'), frame: elsewhere },
        });
        try {
          await new Promise((resolve) => worker.once('online', resolve));
          await sleep(300);
          const transport = new RawNdTransport(silentLog);
          const swp1 = ifindex('swp1');
          for (let i = 0; i < 300; i++) {
            const channel = transport.open(swp1, ({ source }) => heard.push(formatIp(source)));
            await sleep(1);
            channel.close();
          }
        } finally {
          await worker.terminate();
        }
        assert.deepEqual([...new Set(heard)], []);
      }),
  },
  {
    name: 'a device that is removed and made anew needs another channel, and takes it',
    run: () =>
      withWire(async ({ channel }) => {
        batch('ip', ['link del swp1']);
        assert.equal(typeof channel.send(RA, parseIp('ff02::1')), 'string');
        assert.throws(
          () => new RawNdTransport(silentLog).open(999_999, () => {}),
          /router advertisements: E/,
        );
        batch('ip', ['link add swp1 type veth peer name far', 'link set swp1 up', 'link set far up']);
        const again = new RawNdTransport(silentLog).open(ifindex('swp1'), () => {});
        again.close();
      }),
  },
]);
