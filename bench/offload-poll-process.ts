/**
 * What it costs to look at what a switch ASIC has of a device's rows: started in a network namespace of its own by
 * offload-poll.ts, with the number of rows; prints the processor time of each look in milliseconds, a JSON array. The
 * rows are on the machine's own kernel, which has no ASIC: the dump, the decoding and the comparing are the same.
 */
import { spawnSync } from 'node:child_process';
import { VniOffload } from '../src/hardware/vni-offload.js';
import { type FdbVisitor, LinuxKernel } from '../src/linux/index.js';
import { formatMac, silentLog, toVni } from '../src/types/index.js';
import { macAt } from './workload.js';

const ROUNDS = 10;
const rows = Number(process.argv[2]);

function batch(tool: 'ip' | 'bridge', lines: readonly string[]): void {
  const { status, stderr } = spawnSync(tool, ['-batch', '-'], {
    input: `${lines.join('\n')}\n`,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${tool}: ${stderr.split('\n')[0]}`);
}

batch('ip', [
  'link add br0 type bridge mcast_snooping 0',
  'link add vx0 type vxlan id 10010 local 127.0.0.1 dstport 4789 nolearning',
  'link set vx0 master br0 up',
  'link set br0 up',
]);
const macs = Array.from({ length: rows }, (_, i) => macAt(i));
batch(
  'bridge',
  macs.flatMap((mac) => [
    `fdb add ${formatMac(mac)} dev vx0 master extern_learn`,
    `fdb add ${formatMac(mac)} dev vx0 dst 192.0.2.2 self extern_learn`,
  ]),
);

const ifindex = Number(spawnSync('cat', ['/sys/class/net/vx0/ifindex'], { encoding: 'utf8' }).stdout);
const kernel = new LinuxKernel({ log: silentLog });
const offload = new VniOffload(toVni(10010), 'e0');
const wanted = new Set(macs);
const visitor: FdbVisitor = {
  bridgeRow: (_, mac, flags) => offload.bridgeRow(mac, flags),
  vxlanRow: (_, mac, dst, flags) => offload.vxlanRow(mac, dst, flags, performance.now()),
};
const costs: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const before = process.cpuUsage();
  offload.begin();
  await kernel.scanFdb(ifindex, visitor);
  offload.end(
    performance.now(),
    (mac) => wanted.has(mac),
    () => true,
  );
  const { user, system } = process.cpuUsage(before);
  costs.push((user + system) / 1000);
}
if (!macs.every((mac) => offload.lacksMac(mac, Number.MAX_SAFE_INTEGER))) throw new Error('rows are missing');
process.stdout.write(JSON.stringify(costs));
