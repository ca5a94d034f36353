import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Nud, type Operation, type OperationResult } from '../../src/dataplane/index.js';
import { DEFAULT_POLICY, LinuxKernel } from '../../src/linux/index.js';
import {
  formatIp,
  formatMac,
  IPV4_ANY,
  type Ip,
  parseIp,
  parseMac,
  silentLog,
  toVni,
} from '../../src/types/index.js';
import { Recorder } from '../dataplane/recorder.js';
import { batch, ifindex, json, LinuxWorld, run, sendFrame } from './linux-commands.js';
import { until as happens, runCases } from './linux-namespace.js';

const HOST = parseMac('02:00:00:00:00:01');
const OTHER_HOST = parseMac('02:00:00:00:00:02');
const VTEP = parseIp('192.0.2.1');
const REMOTE = parseIp('192.0.2.11');

async function until(kernel: LinuxKernel, what: string, condition: () => boolean): Promise<void> {
  await happens(what, () => {
    kernel.drain();
    return condition();
  });
}

/** The mirror's rows as `bridge -j fdb` words them. */
function mirroredFdb(recorder: Recorder, names: ReadonlyMap<number, string>): string[] {
  const name = (index: number) => names.get(index) ?? String(index);
  const rows: string[] = [];
  for (const row of recorder.bridge.values())
    rows.push(
      `${formatMac(row.mac)} ${name(row.port)} vlan ${row.vlan} of ${name(row.bridgeIfindex)} ${stateName(row.state)} ${row.flags & 0x10}`,
    );
  for (const row of recorder.vxlan.values())
    rows.push(
      `${formatMac(row.mac)} ${name(row.ifindex)} to ${row.dst === undefined ? row.nexthopId : formatIp(row.dst)} vni ${row.srcVni} ${stateName(row.state)} ${row.flags & 0x10}`,
    );
  return rows.sort();
}

function stateName(state: number): string {
  if (state & Nud.PERMANENT) return 'permanent';
  if (state & Nud.NOARP) return 'static';
  return state & Nud.STALE ? 'stale' : '';
}

/** The same from iproute2; rows of devices' own filters are nobody's. */
function kernelFdb(vxlans: ReadonlySet<string>): string[] {
  const rows: string[] = [];
  for (const row of json('bridge -j fdb show')) {
    const learned = row.flags.includes('extern_learn') ? 0x10 : 0;
    if (row.flags.includes('self')) {
      if (!vxlans.has(row.ifname)) continue;
      rows.push(
        `${row.mac} ${row.ifname} to ${row.dst ?? row.nhid} vni ${row.src_vni ?? 0} ${row.state} ${learned}`,
      );
    } else if (row.master)
      rows.push(`${row.mac} ${row.ifname} vlan ${row.vlan ?? 0} of ${row.master} ${row.state} ${learned}`);
  }
  return rows.sort();
}

function sameAsKernel(recorder: Recorder): void {
  const links = json('ip -j -d link show');
  const names = new Map<number, string>(links.map((link) => [link.ifindex, link.ifname]));
  const vxlans = new Set<string>(
    links.filter((link) => link.linkinfo?.info_kind === 'vxlan').map((link) => link.ifname),
  );
  assert.deepEqual(mirroredFdb(recorder, names), kernelFdb(vxlans));
}

async function withKernel(
  body: (kernel: LinuxKernel, recorder: Recorder, world: LinuxWorld) => Promise<void>,
  receiveBuffer?: number,
): Promise<void> {
  const kernel = new LinuxKernel({ log: silentLog, receiveBuffer });
  const world = new LinuxWorld(kernel);
  const recorder = new Recorder();
  try {
    await body(kernel, recorder, world);
  } finally {
    await world.close();
  }
}

const cases = [
  {
    name: 'devices are followed through every change',
    run: () =>
      withKernel(async (kernel, recorder) => {
        const vni = toVni(10);
        const has = () => recorder.topologyNow.vnis.get(vni);
        const own = () => recorder.topologyNow.own.get(vni)?.ips ?? new Set<Ip>();
        const says = (text: string) =>
          recorder.topologyNow.problems.some((problem) => problem.problem.includes(text));
        // What is wrong with a device in no bridge is said where the operator lists its VNI
        kernel.setPolicy({ ...DEFAULT_POLICY, lists: () => true });
        await kernel.start(recorder, recorder);
        try {
          run('ip link add dvx type vxlan id 10 dstport 4789');
          await until(kernel, 'the VNI without bridge', () => has() !== undefined && says('in no bridge'));
          assert.ok(says('no local address') && says('is down') && says('learns from the underlay'));
          // Each fix is the command as reported
          for (const text of [
            'device is down',
            'no local address',
            'learns from the underlay',
            'no device has its local address 192.0.2.1',
            'lo, which has its local address 192.0.2.1, is down',
          ]) {
            await until(kernel, text, () => says(text));
            const found = recorder.topologyNow.problems.find((problem) => problem.problem.includes(text));
            assert.ok(found?.fix);
            run(found.fix.replace('ADDRESS', formatIp(VTEP)));
            await until(kernel, `${text}: fixed`, () => !says(text));
          }
          assert.equal(has()?.localVtep, VTEP);
          assert.equal(has()?.up, false);
          run('ip link add dbr type bridge');
          run('ip link set dvx master dbr');
          await until(
            kernel,
            'the bridge',
            () => has()?.bridgeName === 'dbr' && says('its bridge dbr is down'),
          );
          assert.ok(says('takes remote hosts for local ones'));
          run('ip link set dbr up');
          run('bridge link set dev dvx learning off');
          await until(
            kernel,
            'no error left',
            () => !recorder.topologyNow.problems.some((problem) => problem.severity === 'error'),
          );
          assert.equal(has()?.up, true);
          assert.equal(has()?.sviName, 'dbr');
          assert.equal(formatMac(has()?.sviMac ?? HOST), json('ip -j link show dev dbr')[0].address);
          run('ip addr add 198.51.100.1/24 dev dbr');
          run('ip addr add 2001:db8::1/64 dev dbr nodad');
          await until(
            kernel,
            'addresses',
            () => own().has(parseIp('198.51.100.1')) && own().has(parseIp('2001:db8::1')),
          );
          run('ip addr del 198.51.100.1/24 dev dbr');
          await until(kernel, 'an address less', () => !own().has(parseIp('198.51.100.1')));
          run('ip link set dvx name renamed');
          await until(kernel, 'the name', () => has()?.vxlanName === 'renamed');
          run('ip link add second type vxlan id 10 dstport 4790 local 192.0.2.1 nolearning');
          await until(kernel, 'the duplicate', () => says('VNI 10 is on two devices: renamed in bridge dbr'));
          assert.equal(has()?.vxlanName, 'renamed');
          run('ip link del second');
          await until(kernel, 'no duplicate', () => !says('on two devices'));
          run('ip link set renamed nomaster');
          await until(kernel, 'out of the bridge', () => has()?.bridgeIfindex === 0);
          assert.equal(has()?.up, false);
          run('ip link del renamed');
          await until(kernel, 'no VNI', () => has() === undefined);
          const told = recorder.topologies;
          run('ip link set dbr txqueuelen 77');
          await sleep(20);
          kernel.drain();
          assert.equal(recorder.topologies, told, 'a topology was told that changed nothing');
        } finally {
          batch(
            'ip',
            ['link del dvx', 'link del renamed', 'link del second', 'link del dbr', 'addr flush dev lo'],
            true,
          );
        }
      }),
  },
  {
    name: 'a default destination that the routing table delivers here is told, with the device that has the address',
    run: () =>
      withKernel(async (kernel, recorder, world) => {
        const devices = await world.addVni(toVni(20), VTEP);
        await kernel.start(recorder, recorder);
        const loops = () =>
          [...recorder.topologyNow.loops].map(([vtep, device]) => `${formatIp(vtep)} ${device}`).sort();
        const are = (...wanted: string[]) =>
          until(kernel, `loops ${wanted}`, () => loops().join() === wanted.join());
        const floods = (verb: 'add' | 'delete', dst: Ip) =>
          kernel.apply([{ table: 'vxlan-default', verb, ifindex: devices.vxlanIfindex, srcVni: 0, dst }]);
        run('ip link set lo up');
        run('ip link add dstub type bridge');
        try {
          // An address before the row, one behind it, and one that no route delivers, as that of a device in a VRF
          run('ip addr add 192.0.2.31/32 dev lo');
          run('ip addr add 192.0.2.32/32 dev dstub');
          run('ip route del local 192.0.2.32 dev dstub table local');
          for (const dst of ['192.0.2.31', '192.0.2.32', '192.0.2.33']) floods('add', parseIp(dst));
          await are('192.0.2.31 lo');
          run('ip addr add 192.0.2.33/32 dev lo');
          await are('192.0.2.31 lo', '192.0.2.33 lo');
          // The kernel delivers to a device that is down
          run('ip addr add 192.0.2.32/31 dev dstub');
          await are('192.0.2.31 lo', '192.0.2.32 dstub', '192.0.2.33 lo');
          run('ip addr del 192.0.2.31/32 dev lo');
          await are('192.0.2.32 dstub', '192.0.2.33 lo');
        } finally {
          batch('ip', ['link del dstub', 'addr flush dev lo'], true);
        }
      }),
  },
  {
    name: 'rows equal those of bridge and ip, found and followed',
    run: () =>
      withKernel(async (kernel, recorder, world) => {
        const devices = await world.addVni(toVni(20), VTEP);
        await world.addLocalMac(devices, HOST);
        run('bridge fdb add 02:00:00:00:01:01 dev cvx1 master static');
        run('bridge fdb append 00:00:00:00:00:00 dev cvx1 self dst 192.0.2.21 permanent');
        run('bridge fdb append 00:00:00:00:00:00 dev cvx1 self dst 192.0.2.22 permanent');
        await kernel.start(recorder, recorder);
        sameAsKernel(recorder);
        await world.addLocalMac(devices, OTHER_HOST);
        const operations: Operation[] = [];
        for (let i = 0; i < 100; i++) {
          const mac = parseMac(`02:00:00:00:02:${i.toString(16).padStart(2, '0')}`);
          operations.push(
            { table: 'bridge', verb: 'add', port: devices.vxlanIfindex, vlan: 0, mac, form: 'marked' },
            { table: 'vxlan', verb: 'add', ifindex: devices.vxlanIfindex, srcVni: 0, mac, dst: REMOTE },
          );
        }
        const results = kernel.apply(operations);
        recorder.enter(operations, results);
        assert.ok(results.every((result) => result.errno === 0));
        kernel.apply([
          { table: 'vxlan-default', verb: 'add', ifindex: devices.vxlanIfindex, srcVni: 0, dst: REMOTE },
          {
            table: 'neigh',
            verb: 'add',
            ifindex: devices.bridgeIfindex,
            ip: parseIp('198.51.100.9'),
            mac: HOST,
            router: false,
          },
          {
            table: 'neigh',
            verb: 'add',
            ifindex: devices.bridgeIfindex,
            ip: parseIp('2001:db8::9'),
            mac: HOST,
            router: true,
          },
        ]);
        kernel.drain();
        sameAsKernel(recorder);
        const neighbors = json('ip -j -d neigh show dev cbr1 nud noarp').filter(
          (row) => row.protocol === 'bgp',
        );
        assert.equal(neighbors.length, 2, JSON.stringify(neighbors));
        assert.ok(neighbors.every((row) => 'extern_learn' in row && row.lladdr === formatMac(HOST)));
        assert.ok(neighbors.some((row) => 'router' in row && row.dst === '2001:db8::9'));
        const scanned = async (ifindex: number) => {
          const rows = { bridge: 0, vxlan: 0 };
          await kernel.scanFdb(ifindex, { bridgeRow: () => rows.bridge++, vxlanRow: () => rows.vxlan++ });
          return rows;
        };
        assert.equal([...recorder.vxlanRowsOfDevice(devices.vxlanIfindex)].length, 103);
        assert.deepEqual(await scanned(devices.vxlanIfindex), {
          vxlan: 103,
          bridge: [...recorder.bridgeRowsOfPort(devices.vxlanIfindex)].length,
        });
        assert.deepEqual(await scanned(99_999), { bridge: 0, vxlan: 0 });
      }),
  },
  ...[true, false].map((launched) => ({
    name: `what others do around a bulk of our own writing, ${launched ? 'launched' : 'applied'}, is known, though its echoes are hidden`,
    run: () =>
      withKernel(async (kernel, recorder, world) => {
        const devices = await world.addVni(toVni(20), VTEP);
        await world.addLocalMac(devices, HOST);
        await kernel.start(recorder, recorder);
        const access = [...recorder.bridge.values()].find((row) => row.mac === HOST);
        const port = json('ip -j link show').find((link) => link.ifindex === access?.port)?.ifname;
        assert.ok(port);
        const macAt = (i: number) => `02:00:00:00:02:${i.toString(16).padStart(2, '0')}`;
        const operations: Operation[] = [];
        for (let i = 0; i < 100; i++) {
          const mac = parseMac(macAt(i));
          operations.push(
            { table: 'vxlan', verb: 'add', ifindex: devices.vxlanIfindex, srcVni: 0, mac, dst: REMOTE },
            { table: 'bridge', verb: 'add', port: devices.vxlanIfindex, vlan: 0, mac, form: 'marked' },
          );
        }
        // Learned before the write and not heard of yet: the write overrules them
        batch(
          'bridge',
          Array.from({ length: 10 }, (_, i) => `fdb add ${macAt(i)} dev ${port} master dynamic`),
        );
        const { notifications } = kernel.stats();
        let over = !launched;
        if (launched) {
          const flight = {
            landed: (results: readonly OperationResult[]) => recorder.enter(operations, results),
            over: () => {
              over = true;
            },
          };
          assert.ok(kernel.launch(operations, flight));
          // Another thread writes: what comes behind it must not overtake it. No turn of the event loop ends the flight.
          const written = () =>
            json('bridge -j fdb show dev cvx1').some((row) => row.mac === macAt(99) && row.master);
          for (let tries = 0; !written(); tries++) assert.ok(tries < 1000, 'the flight does not write');
        } else recorder.enter(operations, kernel.apply(operations));
        // Learned behind it: these come home
        batch(
          'bridge',
          Array.from({ length: 10 }, (_, i) => `fdb replace ${macAt(20 + i)} dev ${port} master dynamic`),
        );
        run(`bridge fdb del ${macAt(40)} dev cvx1 master`);
        run(`bridge fdb del ${macAt(41)} dev cvx1 self`);
        // With our mark, so that it is taken for an echo
        run(`bridge fdb replace ${macAt(42)} dev cvx1 self dst 192.0.2.99 extern_learn`);
        kernel.drain();
        assert.ok(kernel.stats().notifications - notifications < 100, 'the echoes were hidden');
        for (let i = 20; i < 30; i++)
          assert.equal(recorder.bridge.get(`${devices.bridgeIfindex} 0 ${macAt(i)}`)?.port, access?.port);
        await until(kernel, 'the flight is over', () => over);
        for (let waited = 0; waited < 100 && kernel.stats().audits === 0; waited++) await sleep(100);
        await sleep(200);
        sameAsKernel(recorder);
        assert.equal(
          formatIp(recorder.vxlan.get(`${devices.vxlanIfindex} 0 ${macAt(42)}`)?.dst ?? IPV4_ANY),
          '192.0.2.99',
        );
        // And with the window closed such a change is heard at once
        run(`bridge fdb replace ${macAt(43)} dev cvx1 self dst 192.0.2.98 extern_learn`);
        kernel.drain();
        sameAsKernel(recorder);
      }),
  })),
  {
    name: 'of a hundred neighbors that go by our own doing nothing is heard, and of those that others remove meanwhile all',
    run: () =>
      withKernel(async (kernel, recorder, world) => {
        const devices = await world.addVni(toVni(20), VTEP);
        const svi = devices.bridgeIfindex;
        for (const n of [1, 2, 3])
          run(`ip neigh add 203.0.113.${n} lladdr 02:00:00:00:03:0${n} nud reachable dev cbr1`);
        await kernel.start(recorder, recorder);
        const bulk = (verb: 'add' | 'delete') => {
          const operations = Array.from({ length: 100 }, (_, i): Operation => {
            const ip = parseIp(i % 2 === 0 ? `198.51.100.${i}` : `2001:db8::${i}`);
            return { table: 'neigh', verb, ifindex: svi, ip, mac: HOST, router: false };
          });
          recorder.enter(operations, kernel.apply(operations));
        };
        const stateOf = (text: string) => recorder.neigh.get(`${svi} ${text}`)?.state ?? Nud.FAILED;
        bulk('add');
        kernel.drain();
        // Before it, unheard yet
        run('ip neigh del 203.0.113.1 dev cbr1');
        run('ip neigh replace 198.51.100.8 lladdr 02:00:00:00:03:08 nud reachable dev cbr1');
        run('ip neigh del 198.51.100.10 dev cbr1');
        const { notifications } = kernel.stats();
        bulk('delete');
        // Behind it
        run('ip neigh del 203.0.113.2 dev cbr1');
        run('ip neigh add 198.51.100.12 lladdr 02:00:00:00:03:0c nud reachable dev cbr1');
        kernel.drain();
        assert.ok(kernel.stats().notifications - notifications < 20, 'the echoes were hidden');
        assert.equal(stateOf('203.0.113.1'), Nud.FAILED);
        assert.equal(stateOf('203.0.113.2'), Nud.FAILED);
        assert.equal(stateOf('203.0.113.3'), Nud.REACHABLE);
        assert.equal(stateOf('198.51.100.8'), Nud.FAILED, 'heard of before, and asked for');
        assert.equal(stateOf('198.51.100.12'), Nud.REACHABLE);
        // What has failed and gone meanwhile is forgotten with the next look at the device
        const known = () => [...recorder.neighRowsOf(svi)].filter(({ state }) => state !== Nud.NOARP);
        await until(kernel, 'the device read again', () => known().length === 2);
        // With the window closed an end is heard at once
        run('ip neigh del 203.0.113.3 dev cbr1');
        kernel.drain();
        assert.equal(known().length, 1);
      }),
  },
  ...['and came back', ''].map((cameBack) => ({
    name: `rows written for a port that had just left its bridge ${cameBack}`.trim(),
    run: () =>
      withKernel(async (kernel, recorder, world) => {
        const devices = await world.addVni(toVni(20), VTEP);
        await kernel.start(recorder, recorder);
        const operations = Array.from({ length: 20 }, (_, i): Operation => {
          const mac = parseMac(`02:00:00:00:02:${i.toString(16).padStart(2, '0')}`);
          return {
            table: 'fdb',
            verb: 'add',
            port: devices.vxlanIfindex,
            vlan: 0,
            srcVni: 0,
            mac,
            dst: REMOTE,
          };
        });
        // So few that they are heard and no audit follows
        const half = operations.splice(10);
        recorder.enter(half, kernel.apply(half));
        kernel.drain();
        run('ip link set cvx1 nomaster');
        // The kernel takes them without a word of the bridge's rows, and the word of the port's leaving is still unread
        const results = kernel.apply(operations);
        assert.ok(results.every(({ errno }) => errno === 0));
        recorder.enter(operations, results);
        if (cameBack !== '') run('ip link set cvx1 master cbr1');
        await until(kernel, 'the rows gone', () =>
          [...recorder.bridgeRowsOfPort(devices.vxlanIfindex)].every(
            (row) => (row.state & Nud.PERMANENT) !== 0,
          ),
        );
        await sleep(100);
        sameAsKernel(recorder);
      }),
  })),
  {
    name: 'IPv6 VTEPs and collect-metadata devices with vnifilter',
    run: () =>
      withKernel(async (kernel, recorder) => {
        try {
          batch('ip', [
            'link add ebr type bridge',
            'link set ebr up',
            'link add ev6 type vxlan id 60 dstport 4789 local 2001:db8::1 nolearning',
            'link set ev6 master ebr up',
            'link add eext type vxlan external vnifilter dstport 4791 local 192.0.2.1 nolearning',
            'link set eext up',
          ]);
          run('bridge vni add dev eext vni 100-102');
          await kernel.start(recorder, recorder);
          assert.equal(recorder.topologyNow.vnis.get(toVni(60))?.localVtep, parseIp('2001:db8::1'));
          const v6 = ifindex('ev6');
          const external = ifindex('eext');
          const dst = parseIp('2001:db8::2');
          const results = kernel.apply([
            { table: 'vxlan', verb: 'add', ifindex: v6, srcVni: 0, mac: HOST, dst },
            { table: 'vxlan-default', verb: 'add', ifindex: v6, srcVni: 0, dst },
            { table: 'vxlan', verb: 'add', ifindex: external, srcVni: 101, mac: HOST, dst: REMOTE },
            { table: 'vxlan', verb: 'add', ifindex: external, srcVni: 102, mac: HOST, dst: REMOTE },
            { table: 'vxlan-default', verb: 'add', ifindex: external, srcVni: 101, dst: REMOTE },
          ]);
          assert.deepEqual(
            results.map((result) => result.errno),
            [0, 0, 0, 0, 0],
          );
          kernel.drain();
          sameAsKernel(recorder);
          assert.equal([...recorder.vxlanRowsOfDevice(external)].length, 3);
          assert.equal(
            kernel.apply([
              { table: 'vxlan', verb: 'delete', ifindex: external, srcVni: 101, mac: HOST, dst: REMOTE },
            ])[0].errno,
            0,
          );
          kernel.drain();
          sameAsKernel(recorder);
        } finally {
          batch('ip', ['link del ev6', 'link del eext', 'link del ebr'], true);
        }
      }),
  },
  {
    name: 'a refused operation says why, in the middle of a batch',
    run: () =>
      withKernel(async (kernel, recorder, world) => {
        const devices = await world.addVni(toVni(30), VTEP);
        await kernel.start(recorder, recorder);
        const loopback = ifindex('lo');
        const good: Operation = {
          table: 'bridge',
          verb: 'add',
          port: devices.vxlanIfindex,
          vlan: 0,
          mac: HOST,
          form: 'marked',
        };
        const bad: Operation = { ...good, port: loopback };
        const batchOf = Array.from({ length: 200 }, (_, i) => (i === 77 || i === 199 ? bad : good));
        const results = kernel.apply(batchOf);
        for (const [i, result] of results.entries()) {
          if (i !== 77 && i !== 199) assert.equal(result.errno, 0, `operation ${i}`);
          else {
            assert.ok(result.errno > 0);
            assert.ok((result.message ?? '').length > 0, 'no extended ack');
          }
        }
      }),
  },
  {
    name: 'rows of a port that goes down, leaves or vanishes are told as gone',
    run: () =>
      withKernel(async (kernel, recorder, world) => {
        const rowsOf = (port: number) =>
          [...recorder.bridgeRowsOfPort(port)].filter((row) => !(row.state & Nud.PERMANENT)).length;
        for (const [i, command] of ['set cac1 down', 'set cac2 nomaster', 'del cac3'].entries()) {
          const devices = await world.addVni(toVni(40 + i), VTEP);
          if (i === 0) await kernel.start(recorder, recorder);
          await world.addLocalMac(devices, HOST);
          await until(kernel, 'the row', () => rowsOf(devices.accessIfindex) > 0);
          run(`ip link ${command}`);
          await until(kernel, `${command}: row gone`, () => rowsOf(devices.accessIfindex) === 0);
        }
        sameAsKernel(recorder);
        for (const [i, command] of ['set cvx4 down', 'set cvx5 nomaster', 'del cvx6', 'del cbr7'].entries()) {
          const devices = await world.addVni(toVni(50 + i), VTEP);
          kernel.apply([
            { table: 'bridge', verb: 'add', port: devices.vxlanIfindex, vlan: 0, mac: HOST, form: 'marked' },
            { table: 'vxlan', verb: 'add', ifindex: devices.vxlanIfindex, srcVni: 0, mac: HOST, dst: REMOTE },
            { table: 'vxlan-default', verb: 'add', ifindex: devices.vxlanIfindex, srcVni: 0, dst: REMOTE },
            {
              table: 'neigh',
              verb: 'add',
              ifindex: devices.bridgeIfindex,
              ip: parseIp('198.51.100.9'),
              mac: HOST,
              router: false,
            },
          ]);
          kernel.drain();
          run(`ip link ${command}`);
          await sleep(20);
          kernel.drain();
          sameAsKernel(recorder);
        }
        const neighbors = json('ip -j neigh show nud all');
        for (const key of recorder.neigh.keys()) {
          const [, ip] = key.split(' ');
          assert.ok(
            neighbors.some((row) => row.dst === ip),
            `neighbor ${key} is left over`,
          );
        }
      }),
  },
  {
    name: 'a device that comes from another namespace brings its rows',
    run: () =>
      withKernel(async (kernel, recorder) => {
        await kernel.start(recorder, recorder);
        // The namespace lives as long as the process in it
        const { spawn } = await import('node:child_process');
        const child = spawn('unshare', ['--net', 'sleep', '30'], { stdio: 'ignore' });
        try {
          let made = false;
          for (let tries = 0; tries < 100 && !made; tries++) {
            await sleep(10);
            try {
              run(`nsenter --net=/proc/${child.pid}/ns/net true`);
              made = run(`readlink /proc/${child.pid}/ns/net`) !== run('readlink /proc/self/ns/net');
            } catch {
              made = false;
            }
          }
          assert.ok(made);
          const there = `nsenter --net=/proc/${child.pid}/ns/net`;
          run(`${there} ip link add mvx type vxlan id 70 dstport 4789 local 192.0.2.1 nolearning`);
          run(`${there} bridge fdb append 00:00:00:00:00:00 dev mvx self dst 192.0.2.31 permanent`);
          run(`${there} ip link set mvx netns ${process.pid}`);
          await until(
            kernel,
            'the row',
            () =>
              recorder.vxlan.size === 1 ||
              [...recorder.vxlan.keys()].some((key) => key.includes('192.0.2.31')),
          );
          sameAsKernel(recorder);
        } finally {
          child.kill();
          batch('ip', ['link del mvx'], true);
        }
      }),
  },
  {
    name: 'a device that vanishes while its rows are read',
    run: () =>
      withKernel(async (kernel, recorder, world) => {
        const devices = await world.addVni(toVni(80), VTEP);
        const survivor = await world.addVni(toVni(81), VTEP);
        await world.addLocalMac(survivor, HOST);
        const lines: string[] = [];
        for (let i = 0; i < 30_000; i++)
          lines.push(
            `fdb add 02:00:01:00:${(i >> 8).toString(16).padStart(2, '0')}:${(i & 255).toString(16).padStart(2, '0')} dev cvx1 self dst 192.0.2.41 dynamic`,
          );
        batch('bridge', lines);
        let rows = 0;
        const present = recorder.vxlanRow.bind(recorder);
        recorder.vxlanRow = (row) => {
          present(row);
          // Amid the dump
          if (++rows === 5_000) run('ip link del cvx1');
        };
        await kernel.start(recorder, recorder);
        assert.ok(rows >= 5_000, `${rows} rows`);
        await until(kernel, 'no VNI 80', () => !recorder.topologyNow.vnis.has(toVni(80)));
        assert.equal(recorder.topologyNow.interfaces.has(devices.vxlanIfindex), false);
        sameAsKernel(recorder);
      }),
  },
  {
    name: 'a burst of 200,000 notifications through a small buffer',
    run: () =>
      withKernel(async (kernel, recorder, world) => {
        const devices = await world.addVni(toVni(90), VTEP);
        await world.addLocalMac(devices, HOST);
        await kernel.start(recorder, recorder);
        const foreigner = new LinuxKernel({ log: silentLog, receiveBuffer: 4096 });
        const silent = new Recorder();
        await foreigner.start(silent, silent);
        try {
          const operation = (i: number, verb: 'add' | 'delete'): Operation => ({
            table: 'vxlan',
            verb,
            ifindex: devices.vxlanIfindex,
            srcVni: 0,
            mac: (HOST + 0x100000 + i) as typeof HOST,
            dst: REMOTE,
          });
          const burst = (first: number, step: number, verb: 'add' | 'delete') => {
            for (let i = first; i < 40_000; i += 256 * step) {
              const operations: Operation[] = [];
              for (let j = i; j < Math.min(40_000, i + 256 * step); j += step)
                operations.push(operation(j, verb));
              assert.ok(foreigner.apply(operations).every((result) => result.errno === 0));
            }
          };
          // Not one turn of the event loop in between: only the socket's buffer stands against the flood
          burst(0, 1, 'add');
          burst(0, 2, 'delete');
          for (let round = 0; round < 4; round++) {
            burst(0, 2, 'add');
            burst(0, 2, 'delete');
          }
          // What is told while the mirror is read again must not be lost either
          await sleep(1);
          burst(1, 4, 'delete');
          await world.addLocalMac(devices, OTHER_HOST);
          foreigner.close();
          const resyncs = () => kernel.stats().resyncs;
          await until(kernel, 'the re-read', () => resyncs() >= 2);
          await sleep(1500);
          kernel.drain();
          const stats = kernel.stats();
          assert.ok(stats.overruns > 0, JSON.stringify(stats));
          assert.ok(stats.drops > 0, JSON.stringify(stats));
          sameAsKernel(recorder);
          assert.equal([...recorder.vxlanRowsOfDevice(devices.vxlanIfindex)].length, 10_000);
          // And it goes on listening
          sendFrame(ifindex('cac1p'), parseMac('02:00:00:00:00:03'));
          await until(kernel, 'a new row', () =>
            [...recorder.bridge.keys()].some((key) => key.endsWith('02:00:00:00:00:03')),
          );
        } finally {
          foreigner.close();
        }
      }, 64 * 1024),
  },
  {
    name: 'no devlink, no ASIC',
    run: () =>
      withKernel(async (kernel) => {
        assert.equal(await kernel.asic(), undefined);
      }),
  },
];

await runCases(cases);
