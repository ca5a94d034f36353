/** What V8 compiles of evpnd and evpnctl until they have answered, kept in a bundle, so that no start compiles it again. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Daemon, evpndCommand, restGet, waitFor } from '../lab/index.js';
import { codeOf } from './bundle.js';
import { run } from './process.js';

const WRITER = fileURLToPath(new URL('cache-writer.js', import.meta.url));

/** Milliseconds until it answers on a machine that is busy. */
const PATIENCE = 90_000;

/** A leaf that looks at whatever kernel this is: no user but root may do more. */
const configuration = (folder: string, socket: string): string => `asn: 65001
router-id: 192.0.2.1
mode: observe
neighbors: []
bgp: { listen: [] }
api: { unix-socket: ${socket}, listen: [] }
evpn: { snooping: false }
log: { level: warn }
state-directory: ${folder}
`;

/**
 * Has both programs of a bundle run on the node that they will be run by, and writes what was compiled meanwhile beside their code.
 * Rejects with evpnd's log where it does not answer.
 */
export async function compileAhead(bundle: string, node: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'evpnd-compiled-'));
  try {
    const [file, socket] = [join(folder, 'evpnd.yaml'), join(folder, 'api.sock')];
    writeFileSync(file, configuration(folder, socket));
    const [evpnd, evpnctl] = [codeOf(bundle, 'evpnd'), codeOf(bundle, 'evpnctl')];
    const [, ...begin] = evpndCommand(join(bundle, 'lib/evpnd.js'));
    const daemon = await Daemon.start(
      'evpnd while it is compiled',
      node,
      [...begin.slice(0, -1), WRITER, evpnd, '--config', file],
      join(folder, 'log'),
    );
    try {
      const answers = async (path: string) => !daemon.running || (await restGet(socket, path)).status === 200;
      for (const path of ['/api/v1/status', '/api/v1/neighbors', '/api/v1/vnis'])
        await waitFor(() => answers(path), { what: daemon.name, timeout: PATIENCE });
      daemon.mustRun();
      await run(node, [WRITER, evpnctl, '--socket', socket, 'show', 'status']);
    } catch (error) {
      throw new Error(`${daemon.name} does not answer:\n${daemon.logEnd()}`, { cause: error });
    } finally {
      await daemon.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
