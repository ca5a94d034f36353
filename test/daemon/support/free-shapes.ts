/** Started by shapes.test.ts: reads a configuration and serves the API, and prints how many shapes V8 has room for then. */
import { runInThisContext } from 'node:vm';
import { parseConfig } from '../../../src/config/load.js';
import { apiOver, fabricModel } from '../../api/support/fabric.js';

const haveSameShape: (a: object, b: object) => boolean = runInThisContext('(a, b) => %HaveSameMap(a, b)');

function withName(name: string): object {
  const object: Record<string, number> = {};
  object[name] = 1;
  return object;
}

/** Returns how many more names V8 lets an object begin with; objects that begin with a name beyond those share no shape. */
function freeShapes(): number {
  const kept: object[] = [];
  for (;;) {
    const name = `name that nobody else has ${kept.length}`;
    const object = withName(name);
    if (!haveSameShape(object, withName(name))) return kept.length;
    // Shapes whose objects have gone are forgotten
    kept.push(object);
  }
}

parseConfig('router-id: 192.0.2.1\nasn: 65001\nneighbors: []\n', 'test');
await (await apiOver(fabricModel())).ready();
console.log(freeShapes());
