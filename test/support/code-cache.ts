import { run } from '../../lab/index.js';

const LOADER = new URL('../../packaging/code.js', import.meta.url).href;

/** Does a node with these options reject what was compiled ahead of a bundle's code? */
export async function isRejected(node: string, options: readonly string[], code: string): Promise<boolean> {
  const asked = `import { loadCode } from '${LOADER}'; console.log(loadCode('${code}').script.cachedDataRejected);`;
  const { stdout } = await run(node, [...options, '--input-type=module', '--eval', asked]);
  return stdout !== 'false\n';
}
