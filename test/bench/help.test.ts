import { readFileSync } from 'node:fs';
import test from 'ava';
import { run } from '../../lab/index.js';

for (const name of ['lab', 'bench'])
  for (const asked of ['--help', '-h'])
    test(`npm run ${name} -- ${asked} names all that it takes`, async (t) => {
      const { stdout, stderr } = await run('bash', [`scripts/${name}.sh`, asked]);
      t.is(stderr, '');
      t.true(stdout.startsWith(`\`npm run ${name}\``), stdout);
      const source = readFileSync(`${name}/run.ts`, 'utf8');
      const options = [...source.matchAll(/^ {6,8}(\w+): \{ type: '(?:string|boolean)'/gm)].map(
        ([, option]) => option,
      );
      t.true(options.length >= 3);
      for (const option of [...options, 'help']) t.regex(stdout, new RegExp(`^ *--${option} `, 'm'));
      t.notRegex(stdout, /^ ?\*|import /m);
    });
