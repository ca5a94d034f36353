/** Packets as tcpdump saw them and as tshark judges them. */
import { readFileSync } from 'node:fs';
import { Daemon, run } from './process.js';
import { waitFor } from './wait.js';

/** A packet as `tshark -T json` tells it: protocol names to their fields, as tshark nests them. */
export interface DecodedPacket {
  _source: { layers: Record<string, unknown> };
}

/** A packet that tshark complains about. */
export interface MalformedPacket {
  frame: number;
  protocols: string;
  complaint: string;
}

async function tshark(file: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run('tshark', ['-n', '-r', file, ...args], { timeout: 60_000 });
  return stdout;
}

/** A capture file and what tshark reads from it; `decodeAs` names protocols on odd ports: `tcp.port==1790,bgp`. */
export class PacketFile {
  constructor(
    readonly path: string,
    private readonly decodeAs: readonly string[] = [],
  ) {}

  private read(args: readonly string[]): Promise<string> {
    return tshark(this.path, [...this.decodeAs.flatMap((each) => ['-d', each]), ...args]);
  }

  /** Packets that match a display filter, fully decoded. */
  async decode(filter = ''): Promise<DecodedPacket[]> {
    const text = await this.read([...(filter ? ['-Y', filter] : []), '-T', 'json', '--no-duplicate-keys']);
    return text.trim() ? (JSON.parse(text) as DecodedPacket[]) : [];
  }

  /** How many packets match a display filter. */
  async count(filter: string): Promise<number> {
    const text = await this.read(['-Y', filter, '-T', 'fields', '-e', 'frame.number']);
    return text.split('\n').filter(Boolean).length;
  }

  /** Named fields of the packets that match, a row a packet, values of a repeated field joined by commas. */
  async fields(filter: string, names: readonly string[]): Promise<string[][]> {
    const text = await this.read(['-Y', filter, '-T', 'fields', ...names.flatMap((name) => ['-e', name])]);
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split('\t'));
  }

  /** What tshark calls malformed or marks as an error, in packets that match `filter`. */
  async malformed(filter = 'frame'): Promise<MalformedPacket[]> {
    const rows = await this.fields(`(${filter}) && (_ws.malformed || _ws.expert.severity == "Error")`, [
      'frame.number',
      'frame.protocols',
      '_ws.expert.message',
    ]);
    return rows.map(([frame, protocols, complaint]) => ({
      frame: Number(frame),
      protocols: protocols ?? '',
      complaint: complaint ?? '',
    }));
  }
}

/** A running tcpdump. */
export class Capture {
  private constructor(
    private readonly daemon: Daemon,
    private readonly file: string,
  ) {}

  /** Starts tcpdump on a device (`any` for all) and waits until it listens. `filter` is a pcap filter. */
  static async start(namespace: string, device: string, filter: string, file: string): Promise<Capture> {
    const command = [
      'tcpdump',
      '-n',
      '-U',
      '--immediate-mode',
      '-Z',
      'root',
      '-i',
      device,
      '-w',
      file,
      filter,
    ];
    const log = `${file}.log`;
    const daemon = await Daemon.start(
      `tcpdump on ${device}`,
      'ip',
      ['netns', 'exec', namespace, ...command.filter(Boolean)],
      log,
    );
    await waitFor(() => !daemon.running || readFileSync(log, 'utf8').includes('listening on'), {
      what: `start of ${daemon.name}`,
      interval: 20,
    });
    daemon.mustRun();
    return new Capture(daemon, file);
  }

  /** Ends the capture; the file is whole afterwards. */
  async stop(decodeAs: readonly string[] = []): Promise<PacketFile> {
    await this.daemon.stop('SIGINT');
    return new PacketFile(this.file, decodeAs);
  }
}
