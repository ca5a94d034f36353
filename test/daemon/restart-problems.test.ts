import test from 'ava';
import { diffConfig, withFixedSettings } from '../../src/config/index.js';
import { parseConfig } from '../../src/config/load.js';
import { restartProblems } from '../../src/restart-problems.js';

const config = (asn: number) => parseConfig(`{asn: ${asn}, router-id: 10.0.0.1, neighbors: []}`, 'file');

test('what only a restart takes over is told with both values, and no more when the file has the running one again', (t) => {
  const running = config(65001);
  const after = (asn: number) => {
    const wanted = config(asn);
    return restartProblems(diffConfig(withFixedSettings(running, wanted), wanted));
  };
  t.deepEqual(after(65077), [
    { severity: 'info', problem: 'waits for a restart: asn 65001 → 65077', fix: 'systemctl restart evpnd' },
  ]);
  t.deepEqual(after(65001), []);
});
