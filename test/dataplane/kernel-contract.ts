import assert from 'node:assert/strict';
import {
  type BridgeForm,
  DataPlane,
  type Flight,
  type Kernel,
  Ntf,
  Nud,
  type Operation,
  type OperationResult,
  OUR_ROWS,
} from '../../src/dataplane/index.js';
import { watchHosts } from '../../src/hosts/index.js';
import {
  type Ip,
  type Mac,
  parseIp,
  parseMac,
  silentLog,
  systemClock,
  toVni,
  type Vni,
} from '../../src/types/index.js';
import { bridgeKey, neighKey, Recorder, vxlanKey } from './recorder.js';

/** The devices of one VNI: a VLAN-unaware bridge, its VXLAN device and one access port, all up. */
export interface VniDevices {
  readonly vni: Vni;
  readonly bridgeIfindex: number;
  readonly vxlanIfindex: number;
  readonly accessIfindex: number;
  /** NDA_SRC_VNI of the VXLAN device's rows: 0 where the device is of this VNI alone. */
  readonly srcVni: number;
}

/** A VXLAN device of one VNI, or one for many in collect-metadata mode. */
export type DeviceKind = 'own' | 'single';

/**
 * A kernel and somebody else who changes it: each implementation of `Kernel` brings its own. The changes are made past
 * `kernel`, as `ip` and `bridge` make them; each resolves when it stands.
 */
export interface World {
  readonly kernel: Kernel;
  /** Makes the devices of a VNI with this `local` address (`nolearning`, port learning off). */
  addVni(vni: Vni, localVtep: Ip, device?: DeviceKind): Promise<VniDevices>;
  /** Deletes the bridge, the VXLAN device and the access port. */
  removeVni(devices: VniDevices): Promise<void>;
  /** A learned row on the access port, by a frame of the host; it takes over a row on another port. */
  addLocalMac(devices: VniDevices, mac: Mac): Promise<void>;
  /** A frame of the host on the access port, whatever the bridge makes of it. */
  sendFrame(devices: VniDevices, mac: Mac): Promise<void>;
  /** Deletes the bridge's row of this MAC on this port. */
  deleteBridgeRow(devices: VniDevices, port: number, mac: Mac): Promise<void>;
  /** Deletes the VXLAN device's row of this MAC. */
  deleteVxlanRow(devices: VniDevices, mac: Mac, dst: Ip): Promise<void>;
  /** Points the VXLAN device's row of this MAC to another destination, as another control plane does. */
  overwriteVxlanRow(devices: VniDevices, mac: Mac, dst: Ip): Promise<void>;
  /** A reachable neighbor on the bridge device. */
  addNeigh(devices: VniDevices, ip: Ip, mac: Mac): Promise<void>;
  deleteNeigh(devices: VniDevices, ip: Ip): Promise<void>;
  /** What an operator sets while the caller waits: static rows of bridge and VXLAN device, a permanent neighbor. */
  setBridgeRow(devices: VniDevices, port: number, mac: Mac): void;
  setVxlanRow(devices: VniDevices, mac: Mac, dst: Ip): void;
  setNeigh(devices: VniDevices, ip: Ip, mac: Mac): void;
  /** The VXLAN device goes down and is up again before anybody looks. */
  flap(devices: VniDevices): Promise<void>;
  /** Lets what is under way be told: some milliseconds, or a step of a virtual clock. */
  settle(): Promise<void>;
  /** Stops the kernel and removes what the world made. */
  close(): Promise<void>;
}

const ENOENT = 2;
const ENODEV = 19;
const VTEP = parseIp('192.0.2.1');
const REMOTE = parseIp('192.0.2.11');
const OTHER_REMOTE = parseIp('192.0.2.12');
const HOST = parseMac('02:00:00:00:00:01');
const OTHER_HOST = parseMac('02:00:00:00:00:02');
const VNI = toVni(10010);

function bridgeOperation(
  verb: 'add' | 'delete',
  devices: VniDevices,
  mac: Mac,
  form: BridgeForm = 'marked',
): Operation {
  return { table: 'bridge', verb, port: devices.vxlanIfindex, vlan: 0, mac, form };
}

function vxlanOperation(verb: 'add' | 'delete', devices: VniDevices, mac: Mac, dst: Ip): Operation {
  return { table: 'vxlan', verb, ifindex: devices.vxlanIfindex, srcVni: devices.srcVni, mac, dst };
}

function fdbOperation(verb: 'add' | 'delete', devices: VniDevices, mac: Mac, dst: Ip): Operation {
  return { table: 'fdb', verb, port: devices.vxlanIfindex, vlan: 0, srcVni: devices.srcVni, mac, dst };
}

function defaultOperation(verb: 'add' | 'delete', devices: VniDevices, dst: Ip): Operation {
  return { table: 'vxlan-default', verb, ifindex: devices.vxlanIfindex, srcVni: devices.srcVni, dst };
}

function neighOperation(verb: 'add' | 'delete', devices: VniDevices, ip: Ip, mac: Mac): Operation {
  return { table: 'neigh', verb, ifindex: devices.bridgeIfindex, ip, mac, router: false };
}

async function until(world: World, what: string, condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (condition()) return;
    await world.settle();
    world.kernel.drain();
  }
  assert.fail(`never happened: ${what}`);
}

/** Applies one operation and gives its errno. */
function applyOne(world: World, operation: Operation): number {
  const results = world.kernel.apply([operation]);
  assert.equal(results.length, 1);
  return results[0].errno;
}

async function started(world: World): Promise<Recorder> {
  const recorder = new Recorder();
  await world.kernel.start(recorder, recorder);
  return recorder;
}

async function startedWithVni(
  world: World,
  device: DeviceKind = 'own',
): Promise<{ recorder: Recorder; devices: VniDevices }> {
  const devices = await world.addVni(VNI, VTEP, device);
  return { recorder: await started(world), devices };
}

function bridgeRowOf(recorder: Recorder, devices: VniDevices, mac: Mac) {
  return recorder.bridge.get(bridgeKey({ bridgeIfindex: devices.bridgeIfindex, vlan: 0, mac }));
}

function vxlanRowOf(recorder: Recorder, devices: VniDevices, mac: Mac, dst: Ip) {
  return recorder.vxlan.get(vxlanKey({ ifindex: devices.vxlanIfindex, srcVni: devices.srcVni, mac, dst }));
}

/** A hundred remote MACs in their two rows, as worth a flight. */
function bulk(verb: 'add' | 'delete', devices: VniDevices): Operation[] {
  return Array.from({ length: 100 }, (_, i): Operation | Operation[] => {
    const mac = (HOST + i) as Mac;
    return i % 2 === 0
      ? [vxlanOperation(verb, devices, mac, REMOTE), bridgeOperation(verb, devices, mac)]
      : fdbOperation(verb, devices, mac, REMOTE);
  }).flat();
}

/** A flight that enters its results where they belong, and notes what is told of it. */
class NotedFlight implements Flight {
  readonly story: string[] = [];
  results: readonly OperationResult[] = [];

  constructor(
    readonly operations: readonly Operation[],
    readonly recorder: Recorder,
  ) {}

  landed(results: readonly OperationResult[]): void {
    this.story.push('landed');
    this.#enter(results);
  }

  over(results: readonly OperationResult[]): void {
    if (this.results.length === 0) this.#enter(results);
    else assert.equal(results, this.results);
    this.story.push('over');
  }

  #enter(results: readonly OperationResult[]): void {
    this.results = results;
    this.recorder.enter(this.operations, results);
  }
}

/** Launches a flight: again where a reading, which begins when the kernel likes, keeps it on the ground. */
async function launch(
  world: World,
  recorder: Recorder,
  operations: readonly Operation[],
): Promise<NotedFlight> {
  for (let tries = 0; tries < 1000; tries++) {
    const flight = new NotedFlight(operations, recorder);
    if (world.kernel.launch(operations, flight)) {
      assert.deepEqual(flight.story, [], 'results came while the caller had the word');
      return flight;
    }
    await world.settle();
    world.kernel.drain();
  }
  assert.fail('it is not launched');
}

/** Waits for its end; where the kernel was read again meanwhile, it was told before that it has landed. */
async function overByItself(world: World, flight: NotedFlight): Promise<void> {
  for (let tries = 0; tries < 300 && !flight.story.includes('over'); tries++) await world.settle();
  assert.equal(flight.story.at(-1), 'over');
}

/** Launches two flights, one behind the other: again where a reading, or what waits to be heard, keeps one on the ground. */
async function launchTwo(
  world: World,
  recorder: Recorder,
  operations: readonly [readonly Operation[], readonly Operation[]],
  prepare = () => {},
): Promise<[NotedFlight, NotedFlight]> {
  for (let tries = 0; tries < 1000; tries++) {
    prepare();
    world.kernel.drain();
    const first = new NotedFlight(operations[0], recorder);
    // None is launched while the kernel is read again, which it is when it likes
    if (!world.kernel.launch(operations[0], first)) {
      await world.settle();
      continue;
    }
    const second = new NotedFlight(operations[1], recorder);
    if (world.kernel.launch(operations[1], second)) return [first, second];
    while (!first.story.includes('over')) await world.settle();
  }
  assert.fail('no second flight is launched');
}

/**
 * What every `Kernel` must do, seen from its interface alone: one case, one fresh world. The real kernel and the one in
 * memory run the same list, so that a test with the latter says something about the former.
 */
export const kernelContract: readonly { readonly name: string; run(world: World): Promise<void> }[] = [
  {
    name: 'start tells devices and rows that were there before, the topology first',
    async run(world) {
      const devices = await world.addVni(VNI, VTEP);
      await world.addLocalMac(devices, HOST);
      await world.addNeigh(devices, parseIp('198.51.100.1'), HOST);
      await world.overwriteVxlanRow(devices, OTHER_HOST, REMOTE);
      const recorder = await started(world);
      assert.equal(recorder.story[0], 'topology');
      const attachment = recorder.topologyNow.vnis.get(VNI);
      assert.ok(attachment);
      assert.equal(attachment.vxlanIfindex, devices.vxlanIfindex);
      assert.equal(attachment.bridgeIfindex, devices.bridgeIfindex);
      assert.equal(attachment.sviIfindex, devices.bridgeIfindex);
      assert.equal(attachment.localVtep, VTEP);
      assert.equal(attachment.vlan, 0);
      assert.equal(attachment.vlanAware, false);
      assert.equal(attachment.up, true);
      assert.equal(recorder.topologyNow.ports.get(devices.vxlanIfindex)?.role, 'vxlan');
      assert.equal(recorder.topologyNow.ports.get(devices.accessIfindex)?.role, 'access');
      assert.ok(recorder.topologyNow.interfaces.has(devices.bridgeIfindex));
      assert.equal(bridgeRowOf(recorder, devices, HOST)?.port, devices.accessIfindex);
      assert.equal(vxlanRowOf(recorder, devices, OTHER_HOST, REMOTE)?.dst, REMOTE);
      const neigh = recorder.neigh.get(
        neighKey({ ifindex: devices.bridgeIfindex, ip: parseIp('198.51.100.1') }),
      );
      assert.equal(neigh?.mac, HOST);
      assert.equal(neigh?.state, Nud.REACHABLE);
    },
  },
  {
    name: 'a VNI that comes and goes changes the topology',
    async run(world) {
      const recorder = await started(world);
      assert.equal(recorder.topologyNow.vnis.has(VNI), false);
      const devices = await world.addVni(VNI, VTEP);
      await until(world, 'the VNI is up', () => recorder.topologyNow.vnis.get(VNI)?.up === true);
      await world.removeVni(devices);
      await until(world, 'the VNI is gone', () => !recorder.topologyNow.vnis.has(VNI));
      assert.equal(recorder.topologyNow.interfaces.has(devices.vxlanIfindex), false);
    },
  },
  {
    name: 'foreign changes of bridge rows are told',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      await world.addLocalMac(devices, HOST);
      await until(world, 'the row', () => bridgeRowOf(recorder, devices, HOST) !== undefined);
      assert.equal(bridgeRowOf(recorder, devices, HOST)?.port, devices.accessIfindex);
      await world.deleteBridgeRow(devices, devices.accessIfindex, HOST);
      await until(world, 'the row gone', () => bridgeRowOf(recorder, devices, HOST) === undefined);
    },
  },
  {
    name: 'foreign changes of VXLAN rows are told',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      await world.overwriteVxlanRow(devices, HOST, REMOTE);
      await until(world, 'the row', () => vxlanRowOf(recorder, devices, HOST, REMOTE)?.dst === REMOTE);
      await world.overwriteVxlanRow(devices, HOST, OTHER_REMOTE);
      await until(
        world,
        'the new row',
        () => vxlanRowOf(recorder, devices, HOST, REMOTE)?.dst === OTHER_REMOTE,
      );
      await world.deleteVxlanRow(devices, HOST, OTHER_REMOTE);
      await until(world, 'the row gone', () => vxlanRowOf(recorder, devices, HOST, REMOTE) === undefined);
    },
  },
  {
    name: 'foreign changes of neighbors are told',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      for (const text of ['198.51.100.7', '2001:db8::7']) {
        const ip = parseIp(text);
        const key = neighKey({ ifindex: devices.bridgeIfindex, ip });
        await world.addNeigh(devices, ip, HOST);
        await until(world, `neighbor ${text}`, () => recorder.neigh.get(key)?.mac === HOST);
        await world.addNeigh(devices, ip, OTHER_HOST);
        await until(world, `neighbor ${text} moved`, () => recorder.neigh.get(key)?.mac === OTHER_HOST);
        await world.deleteNeigh(devices, ip);
        await until(world, `neighbor ${text} gone`, () => !recorder.neigh.has(key));
      }
    },
  },
  {
    name: 'a remote MAC in its two rows, told back with the flags it was given',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      const add = [bridgeOperation('add', devices, HOST), vxlanOperation('add', devices, HOST, REMOTE)];
      assert.deepEqual(
        world.kernel.apply(add).map((result) => result.errno),
        [0, 0],
      );
      world.kernel.drain();
      const bridgeRow = bridgeRowOf(recorder, devices, HOST);
      assert.equal(bridgeRow?.port, devices.vxlanIfindex);
      assert.equal(bridgeRow.flags, Ntf.EXT_LEARNED);
      const vxlanRow = vxlanRowOf(recorder, devices, HOST, REMOTE);
      assert.equal(vxlanRow?.dst, REMOTE);
      assert.equal(vxlanRow.flags, Ntf.SELF | Ntf.EXT_LEARNED);
      assert.equal(vxlanRow.state, Nud.REACHABLE);
      assert.deepEqual(
        world.kernel
          .apply([bridgeOperation('delete', devices, HOST), vxlanOperation('delete', devices, HOST, REMOTE)])
          .map((result) => result.errno),
        [0, 0],
      );
      world.kernel.drain();
      assert.equal(bridgeRowOf(recorder, devices, HOST), undefined);
      assert.equal(vxlanRowOf(recorder, devices, HOST, REMOTE), undefined);
    },
  },
  {
    // net/core/neighbour.c: NUD_PROBE without a MAC keeps the one that stands, and asks at once
    name: 'a neighbor that is to be asked keeps its MAC and is in state PROBE',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      const { bridgeIfindex } = devices;
      for (const text of ['198.51.100.1', '2001:db8::1']) {
        const ip = parseIp(text);
        const key = neighKey({ ifindex: bridgeIfindex, ip });
        const probe: Operation = {
          table: 'neigh-probe',
          verb: 'add',
          ifindex: bridgeIfindex,
          ip,
          mac: undefined,
        };
        assert.equal(applyOne(world, probe), ENOENT);
        await world.addNeigh(devices, ip, HOST);
        await until(world, 'the neighbor', () => recorder.neigh.get(key)?.state === Nud.REACHABLE);
        assert.equal(applyOne(world, probe), 0);
        world.kernel.drain();
        assert.equal(recorder.neigh.get(key)?.state, Nud.PROBE);
        assert.equal(recorder.neigh.get(key)?.mac, HOST);
        // With another MAC, what stands stays
        assert.equal(applyOne(world, { ...probe, mac: OTHER_HOST }), 0);
        world.kernel.drain();
        assert.equal(recorder.neigh.get(key)?.mac, HOST);
      }
      const ip = parseIp('198.51.100.2');
      const probe: Operation = {
        table: 'neigh-probe',
        verb: 'add',
        ifindex: bridgeIfindex,
        ip,
        mac: OTHER_HOST,
      };
      assert.equal(applyOne(world, probe), 0);
      world.kernel.drain();
      const row = recorder.neigh.get(neighKey({ ifindex: bridgeIfindex, ip }));
      assert.equal(row?.mac, OTHER_HOST);
      assert.equal(row.state, Nud.PROBE);
    },
  },
  {
    name: 'both rows of a remote MAC by one operation, with the flags that each has by itself',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      assert.equal(applyOne(world, fdbOperation('add', devices, HOST, REMOTE)), 0);
      world.kernel.drain();
      const bridgeRow = bridgeRowOf(recorder, devices, HOST);
      assert.equal(bridgeRow?.port, devices.vxlanIfindex);
      assert.equal(bridgeRow.flags, Ntf.EXT_LEARNED);
      assert.equal(bridgeRow.state & (Nud.NOARP | Nud.PERMANENT), 0);
      const vxlanRow = vxlanRowOf(recorder, devices, HOST, REMOTE);
      assert.equal(vxlanRow?.dst, REMOTE);
      assert.equal(vxlanRow.flags, Ntf.SELF | Ntf.EXT_LEARNED);
      assert.equal(vxlanRow.state, Nud.REACHABLE);
      assert.equal(applyOne(world, fdbOperation('delete', devices, HOST, REMOTE)), 0);
      world.kernel.drain();
      assert.equal(bridgeRowOf(recorder, devices, HOST), undefined);
      assert.equal(vxlanRowOf(recorder, devices, HOST, REMOTE), undefined);
    },
  },
  {
    name: 'where one of two rows fails, the other is done, and the result tells which',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      const erase = fdbOperation('delete', devices, HOST, REMOTE);
      applyOne(world, vxlanOperation('add', devices, HOST, REMOTE));
      world.kernel.drain();
      const [withoutBridge] = world.kernel.apply([erase]);
      assert.equal(withoutBridge.errno, ENOENT);
      assert.deepEqual(
        withoutBridge.parts?.map(({ errno }) => errno),
        [ENOENT, 0],
      );
      world.kernel.drain();
      assert.equal(vxlanRowOf(recorder, devices, HOST, REMOTE), undefined);
      applyOne(world, bridgeOperation('add', devices, HOST));
      world.kernel.drain();
      const [withoutVxlan] = world.kernel.apply([erase]);
      assert.equal(withoutVxlan.errno, ENOENT);
      assert.equal(withoutVxlan.parts?.[1].errno, ENOENT);
      world.kernel.drain();
      assert.equal(bridgeRowOf(recorder, devices, HOST), undefined);
      const nowhere = { ...devices, vxlanIfindex: 99_999 };
      const [failed] = world.kernel.apply([fdbOperation('add', nowhere, HOST, REMOTE)]);
      assert.equal(failed.errno, ENODEV);
      assert.deepEqual(
        failed.parts?.map(({ errno }) => errno),
        [ENODEV, ENODEV],
      );
    },
  },
  {
    // net/bridge/br_fdb.c: br_fdb_update leaves a sticky row on its port, and what is no extern_learn message keeps the mark
    name: 'a pinned row keeps our mark, and no frame moves it until it is unpinned',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      const add = bridgeOperation('add', devices, HOST);
      const pin = bridgeOperation('add', devices, HOST, 'pinned');
      assert.equal(applyOne(world, pin), ENOENT, 'it makes no row');
      const results = world.kernel.apply([add, pin, add]);
      assert.deepEqual(
        results.map(({ errno }) => errno),
        [0, 0, 0],
      );
      world.kernel.drain();
      const row = () => bridgeRowOf(recorder, devices, HOST);
      const { bridgeIfindex, vxlanIfindex: port } = devices;
      const pinned = { bridgeIfindex, vlan: 0, mac: HOST, port, ...OUR_ROWS.pinnedBridge };
      assert.deepEqual({ ...pinned, ...row() }, { ...row(), ...pinned });
      await world.sendFrame(devices, HOST);
      // What is told of the frame of another host comes behind what the first one's would have brought
      await world.addLocalMac(devices, OTHER_HOST);
      await until(world, 'the other host', () => bridgeRowOf(recorder, devices, OTHER_HOST) !== undefined);
      assert.deepEqual({ ...pinned, ...row() }, { ...row(), ...pinned });
      assert.equal(applyOne(world, bridgeOperation('add', devices, HOST, 'unpinned')), 0);
      world.kernel.drain();
      assert.equal(row()?.flags, Ntf.EXT_LEARNED);
      assert.equal((row()?.state ?? 0) & (Nud.NOARP | Nud.PERMANENT), 0);
      await world.addLocalMac(devices, HOST);
      await until(world, 'the host', () => row()?.port === devices.accessIfindex);
      assert.equal(row()?.flags, 0);
    },
  },
  ...(['own', 'single'] as const).map((device) => ({
    name: `a MAC whose bridge row is pinned is written and deleted with both its rows: ${device === 'own' ? 'a VXLAN device a VNI' : 'a single VXLAN device'}`,
    async run(world: World) {
      const { recorder, devices } = await startedWithVni(world, device);
      assert.equal(devices.srcVni, device === 'own' ? 0 : VNI);
      const both = fdbOperation('add', devices, HOST, REMOTE);
      const pin = bridgeOperation('add', devices, HOST, 'pinned');
      const stands = (dst: Ip) => {
        world.kernel.drain();
        const { state, flags } = OUR_ROWS.pinnedBridge;
        const row = bridgeRowOf(recorder, devices, HOST);
        assert.deepEqual([row?.port, row?.state, row?.flags], [devices.vxlanIfindex, state, flags]);
        assert.deepEqual(
          [...recorder.vxlanRowsOfDevice(devices.vxlanIfindex)].map((each) => [
            each.srcVni,
            each.mac,
            each.dst,
            each.flags & Ntf.EXT_LEARNED,
          ]),
          [[devices.srcVni, HOST, dst, Ntf.EXT_LEARNED]],
        );
      };
      const results = world.kernel.apply([both, pin, both]);
      assert.deepEqual(
        results.map(({ errno }) => errno),
        [0, 0, 0],
      );
      stands(REMOTE);
      assert.equal(applyOne(world, vxlanOperation('add', devices, HOST, OTHER_REMOTE)), 0);
      stands(OTHER_REMOTE);
      await world.sendFrame(devices, HOST);
      await world.addLocalMac(devices, OTHER_HOST);
      await until(world, 'the other host', () => bridgeRowOf(recorder, devices, OTHER_HOST) !== undefined);
      stands(OTHER_REMOTE);
      assert.equal(applyOne(world, fdbOperation('delete', devices, HOST, OTHER_REMOTE)), 0);
      world.kernel.drain();
      assert.equal(bridgeRowOf(recorder, devices, HOST), undefined);
      assert.deepEqual([...recorder.vxlanRowsOfDevice(devices.vxlanIfindex)], []);
    },
  })),
  {
    name: 'a pinned row takes the place of a learned one, and is deleted like any other',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      await world.addLocalMac(devices, HOST);
      const add = bridgeOperation('add', devices, HOST);
      world.kernel.apply([add, bridgeOperation('add', devices, HOST, 'pinned'), add]);
      world.kernel.drain();
      const row = () => bridgeRowOf(recorder, devices, HOST);
      assert.equal(row()?.port, devices.vxlanIfindex);
      assert.equal(row()?.flags, OUR_ROWS.pinnedBridge.flags);
      assert.equal(row()?.state, OUR_ROWS.pinnedBridge.state);
      assert.equal(applyOne(world, bridgeOperation('delete', devices, HOST)), 0);
      world.kernel.drain();
      assert.equal(row(), undefined);
    },
  },
  {
    name: 'a device that goes down and comes up at once tells that it did, behind the rows that went with it',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      assert.equal(applyOne(world, fdbOperation('add', devices, HOST, REMOTE)), 0);
      world.kernel.drain();
      await world.settle();
      const told = `flushed ${devices.vxlanIfindex}`;
      recorder.story.length = 0;
      await world.flap(devices);
      const key = vxlanKey({ ifindex: devices.vxlanIfindex, srcVni: devices.srcVni, mac: HOST, dst: REMOTE });
      await until(world, 'the flush', () => recorder.story.includes(told));
      assert.ok(!recorder.vxlan.has(key));
      assert.ok(recorder.story.lastIndexOf(told) > recorder.story.indexOf(`-vxlan ${key}`));
    },
  },
  {
    name: 'a host on an access port keeps its row when both rows of the remote MAC are deleted',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      applyOne(world, fdbOperation('add', devices, HOST, REMOTE));
      await world.addLocalMac(devices, HOST);
      await until(
        world,
        'the host',
        () => bridgeRowOf(recorder, devices, HOST)?.port === devices.accessIfindex,
      );
      const [result] = world.kernel.apply([fdbOperation('delete', devices, HOST, REMOTE)]);
      assert.deepEqual(
        result.parts?.map(({ errno }) => errno),
        [ENOENT, 0],
      );
      world.kernel.drain();
      assert.equal(bridgeRowOf(recorder, devices, HOST)?.port, devices.accessIfindex);
      assert.equal(vxlanRowOf(recorder, devices, HOST, REMOTE), undefined);
    },
  },
  {
    name: 'what is launched lands by itself, with a result for each operation',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      const operations = bulk('add', devices);
      operations.splice(77, 0, bridgeOperation('add', { ...devices, vxlanIfindex: 99_999 }, OTHER_HOST));
      const flight = await launch(world, recorder, operations);
      await overByItself(world, flight);
      assert.deepEqual(
        flight.results.map(({ errno }) => errno),
        operations.map((_, i) => (i === 77 ? ENODEV : 0)),
      );
      world.kernel.drain();
      assert.equal([...recorder.vxlanRowsOfDevice(devices.vxlanIfindex)].length, 100);
    },
  },
  {
    name: 'whatever is asked behind a launch comes behind it',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      const adding = await launch(world, recorder, bulk('add', devices));
      world.kernel.drain();
      assert.deepEqual(adding.story, ['landed']);
      for (let tries = 0; tries < 300 && adding.story.length < 2; tries++) await world.settle();
      assert.deepEqual(adding.story, ['landed', 'over']);
      const deleting = await launch(world, recorder, bulk('delete', devices));
      assert.equal(applyOne(world, bridgeOperation('delete', devices, HOST)), ENOENT);
      assert.deepEqual(deleting.story, ['landed']);
      assert.ok(deleting.results.every(({ errno }) => errno === 0));
      world.kernel.drain();
      assert.equal(bridgeRowOf(recorder, devices, HOST), undefined);
      assert.equal(vxlanRowOf(recorder, devices, HOST, REMOTE), undefined);
    },
  },
  {
    name: 'whoever only hears what is reported does not wait for what is under way',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      const adding = await launch(world, recorder, bulk('add', devices));
      assert.ok(!world.kernel.hear());
      assert.deepEqual(adding.story, []);
      await overByItself(world, adding);
      await world.addLocalMac(devices, OTHER_HOST);
      await until(world, 'the host', () => {
        world.kernel.hear();
        return bridgeRowOf(recorder, devices, OTHER_HOST)?.port === devices.accessIfindex;
      });
    },
  },
  {
    name: 'two flights follow one another, and a third waits until one is over',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      const both = [bulk('add', devices), bulk('delete', devices)] as const;
      const [adding, deleting] = await launchTwo(world, recorder, both);
      assert.ok(!world.kernel.launch(bulk('add', devices), new NotedFlight([], recorder)));
      await overByItself(world, adding);
      await overByItself(world, deleting);
      for (const { results } of [adding, deleting]) assert.ok(results.every(({ errno }) => errno === 0));
      const [again, gone] = await launchTwo(world, recorder, both);
      world.kernel.drain();
      assert.deepEqual([again.story, gone.story], [['landed'], ['landed']]);
      assert.equal(vxlanRowOf(recorder, devices, HOST, REMOTE), undefined);
      assert.equal(applyOne(world, bridgeOperation('delete', devices, HOST)), ENOENT);
      for (let tries = 0; tries < 300 && gone.story.length < 2; tries++) await world.settle();
      assert.deepEqual(
        [again.story, gone.story],
        [
          ['landed', 'over'],
          ['landed', 'over'],
        ],
      );
    },
  },
  {
    name: 'what fails in a flight and is done otherwise leaves the results of the one behind it alone',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      // Half a row each, which the kernel refuses to delete in one message
      const [whole, half, other] = [HOST, HOST + 1, HOST + 2].map((mac) => mac as Mac);
      const prepare = () => {
        applyOne(world, vxlanOperation('add', devices, half, REMOTE));
        applyOne(world, fdbOperation('add', devices, whole, REMOTE));
      };
      const beyond = { ...devices, vxlanIfindex: 99_999 };
      const first = bulk('add', devices)
        .slice(60)
        .concat([half, whole].map((mac) => fdbOperation('delete', devices, mac, REMOTE)));
      const second = bulk('add', devices).slice(60);
      second.splice(5, 0, bridgeOperation('add', beyond, other));
      const flights = await launchTwo(world, recorder, [first, second], prepare);
      for (let tries = 0; tries < 300 && flights[1].story.length < 1; tries++) await world.settle();
      world.kernel.drain();
      assert.deepEqual(
        flights[0].results.map(({ errno, parts }) => [errno, parts?.map((part) => part.errno)]),
        first.map((_, i) => (i === first.length - 2 ? [ENOENT, [ENOENT, 0]] : [0, undefined])),
      );
      assert.deepEqual(
        flights[1].results.map(({ errno }) => errno),
        second.map((_, i) => (i === 5 ? ENODEV : 0)),
      );
      for (const mac of [whole, half]) assert.equal(vxlanRowOf(recorder, devices, mac, REMOTE), undefined);
    },
  },
  {
    name: 'a second flight is not launched while something waits to be heard',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      const adding = await launch(world, recorder, bulk('add', devices));
      const guest = (HOST + 1000) as Mac;
      await world.addLocalMac(devices, guest);
      // By now it may be over
      if (adding.story.length === 0)
        assert.ok(!world.kernel.launch(bulk('delete', devices), new NotedFlight([], recorder)));
      world.kernel.drain();
      assert.equal(bridgeRowOf(recorder, devices, guest)?.port, devices.accessIfindex);
      while (!adding.story.includes('over')) await world.settle();
      await launch(world, recorder, bulk('delete', devices));
    },
  },
  {
    name: 'default destinations are not launched',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      const defaults = [...bulk('add', devices), defaultOperation('add', devices, REMOTE)];
      assert.ok(!world.kernel.launch(defaults, new NotedFlight(defaults, recorder)));
    },
  },
  {
    name: 'nothing is told of a flight once the kernel is closed',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      const flight = await launch(world, recorder, bulk('add', devices));
      world.kernel.close();
      for (let tries = 0; tries < 10; tries++) await world.settle();
      assert.deepEqual(flight.story, []);
    },
  },
  {
    name: 'a row that is asked for is told as it stands, also where its echo is hidden, and one that went as gone',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      const ip = parseIp('198.51.100.1');
      world.kernel.apply([...bulk('add', devices), neighOperation('add', devices, ip, HOST)]);
      const { bridgeIfindex, vxlanIfindex, srcVni } = devices;
      const mac = (HOST + 1) as Mac;
      const ask = () => {
        world.kernel.ask({ table: 'bridge', bridgeIfindex, vlan: 0, mac, port: vxlanIfindex });
        world.kernel.ask({ table: 'vxlan', ifindex: vxlanIfindex, srcVni, mac });
        world.kernel.ask({ table: 'neigh', ifindex: bridgeIfindex, ip });
      };
      ask();
      assert.equal(bridgeRowOf(recorder, devices, mac)?.port, vxlanIfindex);
      assert.equal(vxlanRowOf(recorder, devices, mac, REMOTE)?.dst, REMOTE);
      assert.equal(recorder.neigh.get(neighKey({ ifindex: bridgeIfindex, ip }))?.mac, HOST);
      world.kernel.apply([...bulk('delete', devices), neighOperation('delete', devices, ip, HOST)]);
      ask();
      assert.equal(bridgeRowOf(recorder, devices, mac), undefined);
      assert.equal(vxlanRowOf(recorder, devices, mac, REMOTE), undefined);
      assert.equal(recorder.neigh.get(neighKey({ ifindex: bridgeIfindex, ip })), undefined);
      // Nothing is told of a device that is not there
      world.kernel.ask({ table: 'neigh', ifindex: 99_999, ip });
    },
  },
  {
    name: 'adding twice is as adding once',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      const operations = [
        bridgeOperation('add', devices, HOST),
        vxlanOperation('add', devices, HOST, REMOTE),
        defaultOperation('add', devices, REMOTE),
        neighOperation('add', devices, parseIp('198.51.100.1'), HOST),
      ];
      for (let round = 0; round < 2; round++)
        assert.deepEqual(
          world.kernel.apply(operations).map((result) => result.errno),
          [0, 0, 0, 0],
        );
      world.kernel.drain();
      assert.equal(bridgeRowOf(recorder, devices, HOST)?.port, devices.vxlanIfindex);
      assert.equal([...recorder.vxlanRowsOfDevice(devices.vxlanIfindex)].length, 2);
    },
  },
  {
    name: 'deleting what is not there is ENOENT',
    async run(world) {
      const { devices } = await startedWithVni(world);
      const ip = parseIp('198.51.100.1');
      assert.equal(applyOne(world, bridgeOperation('delete', devices, HOST)), ENOENT);
      assert.equal(applyOne(world, vxlanOperation('delete', devices, HOST, REMOTE)), ENOENT);
      assert.equal(applyOne(world, defaultOperation('delete', devices, REMOTE)), ENOENT);
      assert.equal(applyOne(world, neighOperation('delete', devices, ip, HOST)), ENOENT);
    },
  },
  {
    name: 'a device that is not there is ENODEV',
    async run(world) {
      const { devices } = await startedWithVni(world);
      const nowhere = { ...devices, bridgeIfindex: 99_999, vxlanIfindex: 99_999 };
      const ip = parseIp('198.51.100.1');
      assert.equal(applyOne(world, bridgeOperation('add', nowhere, HOST)), ENODEV);
      assert.equal(applyOne(world, vxlanOperation('add', nowhere, HOST, REMOTE)), ENODEV);
      assert.equal(applyOne(world, defaultOperation('add', nowhere, REMOTE)), ENODEV);
      assert.equal(applyOne(world, neighOperation('add', nowhere, ip, HOST)), ENODEV);
    },
  },
  {
    name: 'deleting a bridge row through a port it is not on is ENOENT and leaves it',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      await world.addLocalMac(devices, HOST);
      await until(world, 'the row', () => bridgeRowOf(recorder, devices, HOST) !== undefined);
      assert.equal(applyOne(world, bridgeOperation('delete', devices, HOST)), ENOENT);
      world.kernel.drain();
      assert.equal(bridgeRowOf(recorder, devices, HOST)?.port, devices.accessIfindex);
    },
  },
  {
    // drivers/net/vxlan __vxlan_fdb_delete: no such destination in an entry that exists is success
    name: 'deleting a VXLAN row with another destination leaves it, though it succeeds',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      assert.equal(applyOne(world, vxlanOperation('add', devices, HOST, REMOTE)), 0);
      assert.equal(applyOne(world, vxlanOperation('delete', devices, HOST, OTHER_REMOTE)), 0);
      world.kernel.drain();
      assert.equal(vxlanRowOf(recorder, devices, HOST, REMOTE)?.dst, REMOTE);
    },
  },
  {
    name: 'adding a VXLAN row with another destination replaces it',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      assert.equal(applyOne(world, vxlanOperation('add', devices, HOST, REMOTE)), 0);
      assert.equal(applyOne(world, vxlanOperation('add', devices, HOST, OTHER_REMOTE)), 0);
      world.kernel.drain();
      assert.equal(vxlanRowOf(recorder, devices, HOST, OTHER_REMOTE)?.dst, OTHER_REMOTE);
      assert.equal([...recorder.vxlanRowsOfDevice(devices.vxlanIfindex)].length, 1);
    },
  },
  {
    name: 'default destinations stand beside one another',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      assert.equal(applyOne(world, defaultOperation('add', devices, REMOTE)), 0);
      assert.equal(applyOne(world, defaultOperation('add', devices, OTHER_REMOTE)), 0);
      world.kernel.drain();
      const zero = parseMac('00:00:00:00:00:00');
      const rows = [
        vxlanRowOf(recorder, devices, zero, REMOTE),
        vxlanRowOf(recorder, devices, zero, OTHER_REMOTE),
      ];
      for (const row of rows) {
        assert.equal(row?.state, Nud.NOARP | Nud.PERMANENT);
        assert.equal(row.flags, Ntf.SELF);
      }
      assert.equal(applyOne(world, defaultOperation('delete', devices, REMOTE)), 0);
      // Beside another destination even what is not there is deleted with success
      assert.equal(applyOne(world, defaultOperation('delete', devices, REMOTE)), 0);
      world.kernel.drain();
      assert.equal(vxlanRowOf(recorder, devices, zero, REMOTE), undefined);
      assert.ok(vxlanRowOf(recorder, devices, zero, OTHER_REMOTE));
    },
  },
  {
    name: 'a neighbor of ours is NOARP and extern_learn, and another MAC replaces its MAC',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      for (const text of ['198.51.100.1', '2001:db8::1']) {
        const ip = parseIp(text);
        const key = neighKey({ ifindex: devices.bridgeIfindex, ip });
        assert.equal(applyOne(world, neighOperation('add', devices, ip, HOST)), 0);
        world.kernel.drain();
        const row = recorder.neigh.get(key);
        assert.equal(row?.mac, HOST);
        assert.equal(row.state, Nud.NOARP);
        assert.equal(row.flags, Ntf.EXT_LEARNED);
        assert.equal(applyOne(world, neighOperation('add', devices, ip, OTHER_HOST)), 0);
        world.kernel.drain();
        assert.equal(recorder.neigh.get(key)?.mac, OTHER_HOST);
        assert.equal(applyOne(world, neighOperation('delete', devices, ip, OTHER_HOST)), 0);
        world.kernel.drain();
        assert.equal(recorder.neigh.has(key), false);
      }
    },
  },
  {
    name: 'a foreign deletion and a foreign overwrite of our rows are told',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      world.kernel.apply([
        bridgeOperation('add', devices, HOST),
        vxlanOperation('add', devices, HOST, REMOTE),
        bridgeOperation('add', devices, OTHER_HOST),
        vxlanOperation('add', devices, OTHER_HOST, REMOTE),
      ]);
      world.kernel.drain();
      await world.deleteBridgeRow(devices, devices.vxlanIfindex, HOST);
      await world.deleteVxlanRow(devices, HOST, REMOTE);
      await until(
        world,
        'both rows gone',
        () => !bridgeRowOf(recorder, devices, HOST) && !vxlanRowOf(recorder, devices, HOST, REMOTE),
      );
      await world.addLocalMac(devices, OTHER_HOST);
      await until(
        world,
        'the row on the access port',
        () => bridgeRowOf(recorder, devices, OTHER_HOST)?.port === devices.accessIfindex,
      );
      assert.equal(bridgeRowOf(recorder, devices, OTHER_HOST)?.flags, 0);
    },
  },
  {
    name: 'a failed operation stops none behind it and each gets its own result',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      const nowhere = { ...devices, vxlanIfindex: 99_999 };
      const results = world.kernel.apply([
        bridgeOperation('add', devices, HOST),
        bridgeOperation('add', nowhere, HOST),
        vxlanOperation('delete', devices, OTHER_HOST, REMOTE),
        vxlanOperation('add', devices, HOST, REMOTE),
        bridgeOperation('delete', devices, OTHER_HOST),
      ]);
      assert.deepEqual(
        results.map((result) => result.errno),
        [0, ENODEV, ENOENT, 0, ENOENT],
      );
      world.kernel.drain();
      assert.ok(bridgeRowOf(recorder, devices, HOST));
      assert.ok(vxlanRowOf(recorder, devices, HOST, REMOTE));
    },
  },
  {
    name: 'a batch of the greatest size, and an empty one',
    async run(world) {
      const { recorder, devices } = await startedWithVni(world);
      assert.deepEqual(world.kernel.apply([]), []);
      const macs = Array.from({ length: 256 }, (_, i) => (HOST + 0x10000 + i) as Mac);
      const adds = macs.map((mac) => bridgeOperation('add', devices, mac));
      const results = world.kernel.apply(adds);
      recorder.enter(adds, results);
      assert.equal(results.length, 256);
      assert.ok(results.every((result) => result.errno === 0));
      world.kernel.drain();
      for (const mac of macs) assert.ok(bridgeRowOf(recorder, devices, mac));
      const deletes = macs.flatMap((mac) => bridgeOperation('delete', devices, mac));
      // Every second one is gone already, so that errors and successes alternate
      world.kernel.apply(deletes.filter((_, i) => i % 2 === 0));
      const errnos = world.kernel.apply(deletes).map((result) => result.errno);
      assert.deepEqual(
        errnos,
        macs.map((_, i) => (i % 2 === 0 ? ENOENT : 0)),
      );
    },
  },
  ...(['absent', 'ours'] as const).map((before) => ({
    name: `a row that somebody sets right before a write of ours lands on it is put back; until then it was ${before}`,
    run: (world: World) => landsOnRowsByHand(world, before),
  })),
];

/** What a hand sets, and what of it stands behind a write of ours that follows within the same millisecond. */
async function landsOnRowsByHand(world: World, before: 'absent' | 'ours'): Promise<void> {
  const devices = await world.addVni(VNI, VTEP);
  const { bridgeIfindex, vxlanIfindex, accessIfindex } = devices;
  const IP = parseIp('198.51.100.1');
  const IP6 = parseIp('2001:db8::1');
  let amid: (() => void) | undefined;
  const handFirst =
    <Args extends unknown[], Result>(call: (...args: Args) => Result) =>
    (...args: Args): Result => {
      const hand = amid;
      amid = undefined;
      hand?.();
      return call(...args);
    };
  const { kernel } = world;
  const apply = handFirst((operations: readonly Operation[]) => kernel.apply(operations));
  const launch = handFirst((operations: readonly Operation[], flight: Flight) =>
    kernel.launch(operations, flight),
  );
  const raced: Kernel = {
    start: (observer, known) => kernel.start(observer, known),
    followTables: (tables) => kernel.followTables(tables),
    drain: (age) => kernel.drain(age),
    hear: () => kernel.hear(),
    caughtUp: () => kernel.caughtUp(),
    ask: (key) => kernel.ask(key),
    close: () => kernel.close(),
    apply,
    launch,
  };
  const plane = new DataPlane(raced, systemClock, silentLog, { hosts: watchHosts() });
  await plane.start({
    topologyChanged() {},
    localMacChanged() {},
    localNeighChanged() {},
    intruderHeard() {},
  });
  try {
    plane.serve(VNI);
    const want = (vtep: Ip, mac: Mac) => {
      for (const host of [HOST, OTHER_HOST]) plane.setMac(VNI, host, vtep, false, 0);
      for (const ip of [IP, IP6]) plane.setNeigh(VNI, ip, mac, false, 0);
    };
    if (before === 'ours') {
      want(REMOTE, HOST);
      await plane.reconciler.idle();
    }
    const TRUE_VTEP = parseIp('192.0.2.99');
    const TRUE_MAC = parseMac('02:00:00:00:00:99');
    amid = () => {
      world.setVxlanRow(devices, HOST, TRUE_VTEP);
      // An operator's command refuses to take a row of ours away
      if (before === 'absent') world.setBridgeRow(devices, accessIfindex, OTHER_HOST);
      for (const ip of [IP, IP6]) world.setNeigh(devices, ip, TRUE_MAC);
    };
    want(OTHER_REMOTE, OTHER_HOST);
    await plane.reconciler.idle();
    assert.equal(amid, undefined, 'the hand was first');
    const { mirror } = plane;
    /** The rows of the hand, each in a word where it stands. */
    const standing = (): string[] => {
      kernel.drain();
      const vxlan = mirror.vxlanRow(vxlanIfindex, 0, HOST);
      const bridge = mirror.bridgeRow(bridgeIfindex, 0, OTHER_HOST);
      return [
        `vxlan ${vxlan?.dst === TRUE_VTEP} ${fixed(vxlan)} ${hasMark(vxlan)}`,
        `bridge ${bridge?.port === accessIfindex} ${fixed(bridge)} ${hasMark(bridge)}`,
        ...[IP, IP6].map((ip) => {
          const row = mirror.neighRow(bridgeIfindex, ip);
          return `neigh ${row?.mac === TRUE_MAC} ${fixed(row)} ${hasMark(row)}`;
        }),
      ];
    };
    const wanted = [
      `vxlan true ${Nud.NOARP} false`,
      before === 'ours' ? standing()[1] : `bridge true ${Nud.NOARP} false`,
      ...[IP, IP6].map(() => `neigh true ${Nud.PERMANENT} false`),
    ];
    for (let tries = 0; tries < 300 && standing().join() !== wanted.join(); tries++) await world.settle();
    assert.deepEqual(standing(), wanted);
    await plane.reconciler.idle();
    assert.deepEqual(standing(), wanted, 'and they stay');
    for (const mac of [HOST, OTHER_HOST]) plane.clearMac(VNI, mac);
    for (const ip of [IP, IP6]) plane.clearNeigh(VNI, ip);
    await plane.reconciler.idle();
    if (before === 'ours') wanted[1] = standing()[1];
    assert.deepEqual(standing(), wanted, 'also when nobody wants ours');
  } finally {
    plane.close();
  }
}

const hasMark = (row: { flags: number } | undefined) => row && (row.flags & Ntf.EXT_LEARNED) !== 0;

/** NUD_NOARP is static to iproute2, which says NUD_REACHABLE beside it. */
const fixed = (row: { state: number } | undefined) => row && row.state & (Nud.NOARP | Nud.PERMANENT);
