import { readFileSync } from 'node:fs';
import { formatNote, importFrr } from './import-frr/index.js';

/** Longest file that is read: no FRR configuration of a leaf is as long. */
const LONGEST = 16 * 1024 * 1024;

/** Writes evpnd's configuration to standard output, and what is not in it to standard error. Exits with 1 where there is none. */
export function importCommand(file: string): void {
  const name = file === '-' ? 'standard input' : file;
  const text = read(file, name);
  if (text === undefined) {
    process.exitCode = 1;
    return;
  }
  const { notes, yaml, failure } = importFrr(text);
  process.stderr.write(notes.map((note) => `${formatNote(note, name)}\n`).join(''));
  if (failure === undefined) process.stdout.write(yaml);
  else {
    process.stderr.write(`${name}: ${failure}\n`);
    process.exitCode = 1;
  }
}

function read(file: string, name: string): string | undefined {
  try {
    const octets = readFileSync(file === '-' ? 0 : file);
    if (octets.length <= LONGEST) return octets.toString('utf8');
    process.stderr.write(`${name}: ${octets.length} octets are no FRR configuration\n`);
  } catch (error) {
    process.stderr.write(
      `${name}: it cannot be read: ${error instanceof Error ? error.message : String(error)}\n`,
    );
  }
  return undefined;
}
