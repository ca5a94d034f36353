import { parseCommandLine, USAGE, UsageError } from './config/index.js';
import { installedVersion } from './installation.js';
import type { ReloadRequests } from './reload-requests.js';

/** Executes the command line. Exits with 2 if it is invalid. */
export async function command(args: readonly string[], requests: ReloadRequests): Promise<void> {
  const asked = understand(args);
  if (!asked) return;
  const { action, configFile } = asked;
  if (action === 'run') {
    // Each action loads only what it needs, since loading takes most of a start
    const { run } = await import('./run.js');
    await run(configFile, installedVersion(), requests);
  } else if (action === 'check') {
    const { runCheck } = await import('./config/check.js');
    const { ok, text } = runCheck(configFile);
    process.stdout.write(`${text}\n`);
    process.exitCode = ok ? 0 : 1;
  } else if (action === 'flush') {
    const { flush } = await import('./flush.js');
    await flush(configFile);
  } else if (action === 'import-frr') {
    const { importCommand } = await import('./import-command.js');
    importCommand(configFile);
  } else process.stdout.write(action === 'help' ? `${USAGE}\n` : `evpnd ${installedVersion()}\n`);
}

function understand(args: readonly string[]): ReturnType<typeof parseCommandLine> | undefined {
  try {
    return parseCommandLine(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
    return undefined;
  }
}
