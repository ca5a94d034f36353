/** A neighbor of a leaf that announces IPv4 prefixes: prefix-flood-process.ts says what it does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Fabric, waitFor } from '../../../lab/index.js';

const PROGRAM = fileURLToPath(new URL('./prefix-flood-process.js', import.meta.url));

export class PrefixFlood {
  private constructor(
    private readonly child: ChildProcess,
    private readonly heard: () => string,
  ) {}

  /** Opens a session from `address`, an address of `node`, to `neighbor`, which must be configured to wait for it. */
  static async start(
    fabric: Fabric,
    { node, address, asn, neighbor }: { node: string; address: string; asn: number; neighbor: string },
  ): Promise<PrefixFlood> {
    let said = '';
    const args = [PROGRAM, address, String(asn), neighbor];
    const child = await waitFor(
      async () => {
        said = '';
        const process_ = spawn('ip', ['netns', 'exec', fabric.namespace(node), process.execPath, ...args], {
          stdio: ['pipe', 'pipe', 'inherit'],
        });
        process_.stdout.on('data', (chunk: Buffer) => {
          said += chunk.toString();
        });
        await waitFor(() => said.includes('established') || process_.exitCode !== null, {
          what: 'a session',
        });
        if (!said.includes('established')) throw new Error(`the neighbor ended: ${said}`);
        return process_;
      },
      { what: 'the neighbor', interval: 300, timeout: 60_000 },
    );
    return new PrefixFlood(child, () => said);
  }

  /** Announces prefixes `from` up to but without `to`, of a length, and resolves when the last octet left or the session ended. */
  async announce(from: number, to: number, length: number, patience = 120_000): Promise<void> {
    const done = () => this.said('announced') + this.said('closed');
    const before = done();
    this.child.stdin?.write(`announce ${from} ${to} ${length}\n`);
    await waitFor(() => done() > before, { what: 'the end of the announcements', timeout: patience });
  }

  /** How many lines that begin so it has printed. */
  said(line: string): number {
    return this.heard()
      .split('\n')
      .filter((each) => each.startsWith(line)).length;
  }

  stop(): void {
    this.child.kill('SIGKILL');
  }
}
