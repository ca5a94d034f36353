import { readlinkSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import type { GenericNetlinkMessage, GenericNetlinkSocket } from 'netlink';
import type { Log } from '../types/index.js';
import { NLM_F_DUMP } from './constants.js';
import { eachAttribute, readText, readU64 } from './message.js';

/** A switch ASIC as devlink names it; texts are the driver's own and '' where it has none. */
export interface Asic {
  /** `pci`, `netdevsim`, … */
  readonly bus: string;
  /** `0000:03:00.0`, … */
  readonly device: string;
  readonly driver: string;
  readonly serialNumber: string;
  /** Versions that run, such as `fw.version`, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

/** A table of a switch ASIC, as devlink's resources have it. */
export interface AsicTable {
  /** With those that it is a part of, such as `kvd/linear`. */
  readonly name: string;
  /** Entries, or what else the driver counts in. */
  readonly size: number;
  /** How much of it is taken; undefined where the driver does not say. */
  readonly occupied: number | undefined;
}

/** include/uapi/linux/devlink.h. */
const DEVLINK_CMD_GET = 1;
const DEVLINK_CMD_RESOURCE_DUMP = 36;
const DEVLINK_CMD_INFO_GET = 51;
const DEVLINK_ATTR_BUS_NAME = 1;
const DEVLINK_ATTR_DEV_NAME = 2;
const DEVLINK_ATTR_RESOURCE_LIST = 63;
const DEVLINK_ATTR_RESOURCE = 64;
const DEVLINK_ATTR_RESOURCE_NAME = 65;
const DEVLINK_ATTR_RESOURCE_SIZE = 67;
const DEVLINK_ATTR_RESOURCE_OCC = 74;
const DEVLINK_ATTR_INFO_DRIVER_NAME = 98;
const DEVLINK_ATTR_INFO_SERIAL_NUMBER = 99;
const DEVLINK_ATTR_INFO_VERSION_FIXED = 100;
const DEVLINK_ATTR_INFO_VERSION_RUNNING = 101;
const DEVLINK_ATTR_INFO_VERSION_NAME = 103;
const DEVLINK_ATTR_INFO_VERSION_VALUE = 104;
const VERSION = 1;
const TIMEOUT = 2000;
const NET = '/sys/class/net';

interface Handle {
  readonly bus: string;
  readonly device: string;
}

/**
 * The switch ASIC: the devlink device that stands behind a network device with a switch id (network cards have devlink
 * too, and are none). undefined where the kernel has no devlink, or knows no such device; never rejects.
 *
 * Cold: some requests on a socket of the npm package `netlink` that lives no longer. It joins no group, since that
 * package ends the process when a receive buffer overruns (docs/adr/0001-netlink.md).
 */
export async function readAsic(log: Log): Promise<Asic | undefined> {
  return await askDevlink(log, async (socket, family) => {
    const switches = await devicesWithSwitchId();
    for (const handle of await listDevices(socket, family))
      if (switches.has(handle.device)) return await readInfo(socket, family, handle);
    return undefined;
  });
}

/** The tables of a switch ASIC, as they are now; none where the driver names none. Cold and never rejects, as `readAsic`. */
export async function readAsicTables(log: Log, handle: Handle): Promise<readonly AsicTable[]> {
  const tables = await askDevlink(log, async (socket, family) => {
    const [messages] = await socket.request(
      family,
      DEVLINK_CMD_RESOURCE_DUMP,
      VERSION,
      handleRequest(handle),
      {
        timeout: TIMEOUT,
      },
    );
    return messages.flatMap(({ data }) => decodeTables(data));
  });
  return tables ?? [];
}

/** Asks on a socket that lives no longer; undefined where there is no devlink, or it does not answer. */
async function askDevlink<Answer>(
  log: Log,
  ask: (socket: GenericNetlinkSocket, family: number) => Promise<Answer>,
): Promise<Answer | undefined> {
  let socket: GenericNetlinkSocket | undefined;
  try {
    const { default: netlink } = await import('netlink');
    socket = netlink.createGenericNetlink();
    socket.socket.on('error', (error) => log.debug({ err: error }, 'devlink'));
    const [family] = await socket.ctrlRequest(
      3 /* CTRL_CMD_GETFAMILY */,
      { familyName: 'devlink' },
      { timeout: TIMEOUT },
    );
    return family?.familyId === undefined ? undefined : await ask(socket, family.familyId);
  } catch (error) {
    // Most kernels have no devlink family, which is ENOENT here
    log.debug({ err: error }, 'devlink reports no switch ASIC');
    return undefined;
  } finally {
    try {
      socket?.socket.close();
    } catch (error) {
      log.debug({ err: error }, 'devlink');
    }
  }
}

async function listDevices(socket: GenericNetlinkSocket, family: number): Promise<Handle[]> {
  const [messages] = await socket.request(family, DEVLINK_CMD_GET, VERSION, [], {
    flags: NLM_F_DUMP,
    timeout: TIMEOUT,
  });
  const handles: Handle[] = [];
  for (const message of messages) {
    const texts = readTexts(message);
    const bus = texts.get(DEVLINK_ATTR_BUS_NAME);
    const device = texts.get(DEVLINK_ATTR_DEV_NAME);
    if (bus !== undefined && device !== undefined) handles.push({ bus, device });
  }
  return handles;
}

/** Text attributes by type; nested ones read as text are never asked for. */
function readTexts(message: GenericNetlinkMessage): Map<number, string> {
  const texts = new Map<number, string>();
  eachAttribute(message.data, 0, message.data.length, 'devlink', (type, at, end) => {
    texts.set(type, readText(message.data, at, end));
  });
  return texts;
}

async function readInfo(socket: GenericNetlinkSocket, family: number, handle: Handle): Promise<Asic> {
  const request = handleRequest(handle);
  const nameless = { ...handle, driver: '', serialNumber: '', versions: {} };
  // The name alone is worth reporting if the driver reports nothing (EOPNOTSUPP)
  const [[message]] = await socket
    .request(family, DEVLINK_CMD_INFO_GET, VERSION, request, { timeout: TIMEOUT })
    .catch((): [GenericNetlinkMessage[]] => [[]]);
  return message ? decodeInfo(handle, message.data) : nameless;
}

/** Reads the answer to DEVLINK_CMD_INFO_GET. Throws NetlinkFormatError where it is cut short. */
export function decodeInfo(handle: Handle, data: Buffer): Asic {
  let driver = '';
  let serialNumber = '';
  const versions: Record<string, string> = {};
  eachAttribute(data, 0, data.length, 'devlink info', (type, at, end) => {
    if (type === DEVLINK_ATTR_INFO_DRIVER_NAME) driver = readText(data, at, end);
    else if (type === DEVLINK_ATTR_INFO_SERIAL_NUMBER) serialNumber = readText(data, at, end);
    else if (type === DEVLINK_ATTR_INFO_VERSION_RUNNING || type === DEVLINK_ATTR_INFO_VERSION_FIXED) {
      let name = '';
      let value = '';
      eachAttribute(data, at, end, 'devlink info version', (inner, start, stop) => {
        if (inner === DEVLINK_ATTR_INFO_VERSION_NAME) name = readText(data, start, stop);
        else if (inner === DEVLINK_ATTR_INFO_VERSION_VALUE) value = readText(data, start, stop);
      });
      if (name !== '') versions[name] = value;
    }
  });
  return { ...handle, driver, serialNumber, versions };
}

/** Reads the answer to DEVLINK_CMD_RESOURCE_DUMP, tables within tables behind those. Throws NetlinkFormatError where it is cut short. */
export function decodeTables(data: Buffer): AsicTable[] {
  const tables: AsicTable[] = [];
  const m = 'devlink resources';
  const list = (at: number, end: number, above: string): void =>
    eachAttribute(data, at, end, m, (type, from, to) => {
      if (type === DEVLINK_ATTR_RESOURCE) one(from, to, above);
    });
  const one = (at: number, end: number, above: string): void => {
    let name = above;
    let size = 0;
    let occupied: number | undefined;
    const inner: [number, number][] = [];
    eachAttribute(data, at, end, m, (type, from, to) => {
      if (type === DEVLINK_ATTR_RESOURCE_NAME) name = `${above}${readText(data, from, to)}`;
      else if (type === DEVLINK_ATTR_RESOURCE_SIZE)
        size = readU64(data, from, to, m, 'DEVLINK_ATTR_RESOURCE_SIZE');
      else if (type === DEVLINK_ATTR_RESOURCE_OCC)
        occupied = readU64(data, from, to, m, 'DEVLINK_ATTR_RESOURCE_OCC');
      else if (type === DEVLINK_ATTR_RESOURCE_LIST) inner.push([from, to]);
    });
    tables.push({ name, size, occupied });
    for (const [from, to] of inner) list(from, to, `${name}/`);
  };
  eachAttribute(data, 0, data.length, m, (type, from, to) => {
    if (type === DEVLINK_ATTR_RESOURCE_LIST) list(from, to, '');
  });
  return tables;
}

function handleRequest({ bus, device }: Handle): Buffer {
  return Buffer.concat([
    textAttribute(DEVLINK_ATTR_BUS_NAME, bus),
    textAttribute(DEVLINK_ATTR_DEV_NAME, device),
  ]);
}

function textAttribute(type: number, text: string): Buffer {
  const length = 4 + Buffer.byteLength(text) + 1;
  const bytes = Buffer.alloc((length + 3) & ~3);
  bytes.writeUInt16LE(length, 0);
  bytes.writeUInt16LE(type, 2);
  bytes.write(text, 4);
  return bytes;
}

/** The kernel's driver of a network device, as sysfs has it; '' where that does not say. Never throws. */
export function driverOf(name: string): string {
  try {
    return basename(readlinkSync(`${NET}/${name}/device/driver`));
  } catch {
    return '';
  }
}

/** Names of the bus devices behind network devices that are ports of a switch. */
async function devicesWithSwitchId(): Promise<Set<string>> {
  const devices = new Set<string>();
  for (const name of await readdir(NET)) {
    const path = `${NET}/${name}`;
    // Reading fails with EOPNOTSUPP where there is no switch
    const id = await readFile(`${path}/phys_switch_id`, 'latin1').catch(() => '');
    if (id.trim() === '') continue;
    const device = await readlink(`${path}/device`).catch(() => '');
    if (device !== '') devices.add(basename(device));
  }
  return devices;
}
