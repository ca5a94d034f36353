/** Runs a bundle's program and keeps what was compiled when it ends: `node [OPTIONS] cache-writer.js CODE [ARGUMENT]...`. */
import { loadCode, runCode, writeCache } from './code.js';

// The program finds its own file in this one's place
process.argv.splice(1, 1);
const [, file] = process.argv;
const code = loadCode(file);
process.on('exit', () => writeCache(code));
runCode(code);
