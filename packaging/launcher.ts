/** What a bundle's programs begin by: `lib/evpnd.js` runs `lib/evpnd/code.js`. */
import { loadCode, runCode } from './code.js';

runCode(loadCode(import.meta.filename.replace(/\.js$/, '/code.js')));
