import type { FastifyInstance } from 'fastify';
import { createApi, type KernelInsight, roomsCommands, roomsModel } from '../../../src/api/index.js';
import type { Speaker } from '../../../src/bgp/index.js';
import { parseConfig } from '../../../src/config/load.js';
import { Convergence, EventLog } from '../../../src/events/index.js';
import type { EvpnSettings } from '../../../src/evpn/index.js';
import type { HardwareWatch } from '../../../src/hardware/index.js';
import {
  type Ip,
  type Log,
  type Mac,
  parseIp,
  parseMac,
  silentLog,
  toVni,
} from '../../../src/types/index.js';
import { Fabric, neighborConfig } from '../../bgp/fabric.js';
import type { VniDevices } from '../../dataplane/kernel-contract.js';
import { Leaf, vtepOf } from '../../evpn/support/leaf.js';
import { type AnswerChecker, answerChecker } from './description.js';
import { MemoryConfiguration } from './memory-configuration.js';

export const VNI = toVni(10010);
export const HOST = parseMac('02:00:00:00:00:01');
export const OTHER = parseMac('02:00:00:00:00:02');
export const IP = parseIp('192.0.2.11');

/** One leaf of the house: its speaker, everything above it, and the API over all of that. */
export interface Room {
  readonly leaf: Leaf;
  readonly speaker: Speaker;
  readonly convergence: Convergence;
  readonly devices: VniDevices;
  /** Made when it is first asked for: it takes longer than all else of a leaf. */
  readonly api: () => Promise<FastifyInstance>;
  /** The answer's body, after a check against the API's own description. */
  get(url: string, status?: number): Promise<never>;
}

export interface HouseOptions {
  readonly settings?: Partial<EvpnSettings>;
  readonly insight?: (leaf: Leaf) => Partial<KernelInsight>;
  /** Looks at what the leaf's switch ASIC took; each has none otherwise. */
  readonly hardware?: (leaf: Leaf) => HardwareWatch;
  readonly log?: Log;
}

/** Two leaves, each of real rooms but for sockets and kernel, that speak BGP with each other under one clock. */
export class House {
  readonly fabric = new Fabric();
  readonly rooms: Room[] = [];

  static async build(options: HouseOptions = {}): Promise<House> {
    const house = new House();
    for (const n of [1, 2]) await house.#addRoom(n, options);
    house.fabric.clock.advance(20_000);
    return house;
  }

  get clock() {
    return this.fabric.clock;
  }

  /** Lets the sessions carry what is new: a second passes. */
  pass(): void {
    this.clock.advance(1000);
  }

  /** A frame of the host arrives at the leaf, and everybody hears of it. */
  speaks(room: Room, mac: Mac = HOST): void {
    room.leaf.hostSpeaks(room.devices, mac);
    this.pass();
  }

  /** The leaf's SVI learns that the MAC has the IP. */
  resolves(room: Room, mac: Mac = HOST, ip: Ip = IP): void {
    void room.leaf.world.addNeigh(room.devices, ip, mac);
    this.pass();
  }

  async #addRoom(n: number, { settings, insight, hardware, log = silentLog }: HouseOptions): Promise<void> {
    const asn = 65000 + n;
    const neighbors = [neighborConfig(`10.1.0.${3 - n}`, 65000 + 3 - n, { description: 'the other leaf' })];
    const events = new EventLog(this.clock);
    const convergence = new Convergence(this.clock);
    const speaker = this.fabric.speaker(
      `10.1.0.${n}`,
      { asn, neighbors },
      undefined,
      undefined,
      events,
      convergence,
    );
    const leaf = new Leaf(this.clock, vtepOf(n), asn, settings, speaker, { convergence }, log, events);
    const devices = leaf.world.devices(VNI);
    leaf.addVni(devices);
    await leaf.start();
    await speaker.start();
    leaf.dataPlane.sweep();
    const configured = `{asn: ${asn}, router-id: 10.0.0.${n}, neighbors: [{address: 10.1.0.${3 - n}, remote-as: external}], evpn: {vnis: [{vni: 20, advertise: false}]}}`;
    const config = parseConfig(configured, 'house.yaml');
    const startedAt = this.clock.wallTime();
    let made: Promise<FastifyInstance> | undefined;
    const make = () =>
      createApi({
        readModel: roomsModel({
          config: () => config,
          speaker,
          evpn: leaf.evpn,
          dataPlane: leaf.dataPlane,
          kernel: {
            stats: () => ({ receiveBufferBytes: 4096, overruns: 0, resyncs: 0 }),
            switchAsic: () => null,
            asicTables: async () => [],
            offloadedNeighs: async () => new Set(),
            ...insight?.(leaf),
          },
          hardware: hardware?.(leaf),
          clock: this.clock,
          events,
          convergence,
          version: '0.1.0',
          startedAt,
          readiness: () => ({ ready: true, reasons: [] }),
          problems: () => [],
          eventLoop: () => ({ since: 0, samples: 0, delays: undefined }),
        }),
        commands: roomsCommands(leaf.evpn, speaker),
        configuration: new MemoryConfiguration(configured),
        log,
        version: '0.1.0',
      });
    const api = () => (made ??= make());
    this.rooms.push({ leaf, speaker, devices, convergence, api, get: getter(api) });
  }
}

/** All rooms have the same description. */
let checker: Promise<AnswerChecker> | undefined;
const described = async (api: FastifyInstance) => answerChecker((await api.inject('/openapi.json')).json());

function getter(made: Room['api']): Room['get'] {
  return async (url, status = 200) => {
    const api = await made();
    checker ??= described(api);
    const faultsOf = await checker;
    const answer = await api.inject(url);
    const path = url
      .replace(/\?.*/, '')
      .replace(/vnis\/\d+/, 'vnis/{vni}')
      .replace(/neighbors\/.+/, 'neighbors/{address}')
      .replace(/vrfs\/\w+/, 'vrfs/{name}');
    const body = answer.json();
    const faults = faultsOf(path, answer.statusCode, String(answer.headers['content-type']), body);
    if (answer.statusCode !== status || faults.length > 0)
      throw new Error(`${url}: ${answer.statusCode} ${faults.join('; ')}\n${answer.body}`);
    return body as never;
  };
}
