import { setFlagsFromString } from 'node:v8';

/**
 * Sets what of V8's flags has no room on evpnd's first line, which may have no more than 255 characters (fs/binfmt_script.c). What V8
 * compiled is taken by processes with the same flags alone, so that a bundle sets them before it loads the rest.
 *
 * `--max-inlined-bytecode-size-cumulative`: a quarter of V8's, which for each function that a table makes hot compiles up to 920 octets
 * of those that it calls: compiling took a third of a load's CPU, and all is there within a second. What has run for long is 5 %
 * slower for it.
 */
export function setFlags(): void {
  setFlagsFromString('--max-inlined-bytecode-size-cumulative=230');
}
