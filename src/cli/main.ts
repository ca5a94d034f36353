#!/usr/bin/env node
/**
 * evpnctl, what operators type: a thin client of the REST API, over its Unix socket or TCP. Tables for people, JSON and YAML for
 * programs. It keeps no state and decides nothing: whatever it shows, the API has. `frr/` answers FRR's commands.
 */
import { installedVersion } from '../installation.js';
import { runCommandLine } from './program.js';

const environment = process.env;
const terminalOf = (stream: NodeJS.WriteStream) => ({
  write: (text: string) => void stream.write(text),
  color: stream.isTTY === true && !environment.NO_COLOR,
});
// Whoever reads our output may stop: head, less
process.stdout.on('error', () => process.exit(0));
// No `await` here: a bundle in CommonJS has none outside of functions
void runCommandLine(process.argv.slice(2), {
  out: terminalOf(process.stdout),
  err: terminalOf(process.stderr),
  environment,
  version: installedVersion(),
}).then((code) => {
  process.exitCode = code;
});
