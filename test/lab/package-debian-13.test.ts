/** The Debian package on Debian 13, in a root of its own without a running systemd, as images are built; and on its Node. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { debianRoot, run, setUpBootedDebian } from '../../lab/index.js';
import { makeDebHere } from '../../packaging/here.js';

const folder = mkdtempSync(join(tmpdir(), 'evpnd-debian-13-'));
let deb: string;

test.before('Debian 13, and the package', async (t) => {
  t.timeout(900_000);
  await setUpBootedDebian(13);
  deb = await makeDebHere(folder, 1);
});
test.after.always('remove', () => rmSync(folder, { recursive: true, force: true }));

/** Whatever it mounts and starts ends with it: its namespaces are its own. What is written to the root is in memory. */
const IN_ROOT = `
mount --make-rprivate /
mount -t tmpfs tmpfs "$FOLDER"
mkdir "$FOLDER/upper" "$FOLDER/work" "$FOLDER/root"
mount -t overlay -o "lowerdir=$DEBIAN,upperdir=$FOLDER/upper,workdir=$FOLDER/work" overlay "$FOLDER/root"
mount -t proc proc "$FOLDER/root/proc"
cat <&9 >"$FOLDER/root/evpnd.deb"
exec chroot "$FOLDER/root" sh -eu -c "$1"
`;

async function inRoot(commands: string): Promise<string> {
  const namespaces = ['--mount', '--net', '--pid', '--fork', '--kill-child'];
  const { stdout } = await run(
    'unshare',
    [...namespaces, 'bash', '-euc', 'exec 9<"$DEB"; bash -euc "$IN_ROOT" root "$1"', 'root', commands],
    {
      timeout: 300_000,
      env: { FOLDER: mkdtempSync(join(folder, 'root-')), DEB: deb, DEBIAN: debianRoot(13), IN_ROOT },
    },
  );
  return stdout;
}

const FIND = `find /etc /usr /var/lib /run -name '*evpnd*'`;

test('dpkg installs it, its programs run, its user reads the configuration, and a purge leaves nothing', async (t) => {
  t.timeout(310_000);
  const said = await inRoot(`
    ${FIND} >/before
    dpkg --install /evpnd.deb >/installed
    evpnd --version
    evpnctl --version
    evpnd --check
    stat -c '%A %U %G' /etc/evpnd
    setpriv --reuid evpnd --regid evpnd --clear-groups head -c 0 /etc/evpnd/evpnd.yaml && echo readable
    setpriv --reuid nobody --regid nogroup --clear-groups head -c 0 /etc/evpnd/evpnd.yaml 2>/dev/null || echo secret
    touch /etc/evpnd/a-key
    dpkg --purge evpnd >/purged
    ${FIND} | diff /before -
    getent passwd evpnd || getent group evpnd || echo gone
  `);
  t.regex(said, /^evpnd \d\S*\n\d\S*\n\S+: OK: .*\ndrwxr-x--- root evpnd\nreadable\nsecret\ngone\n$/);
});

test("it runs on Debian 13's own Node", async (t) => {
  t.timeout(310_000);
  const said = await inRoot(`
    dpkg --install /evpnd.deb >/installed
    node --version
    mkdir /run/evpnd
    { cat /etc/evpnd/evpnd.yaml; echo 'bgp: { listen: [] }'; echo 'api: { listen: [] }'; } >/evpnd.yaml
    node /usr/lib/evpnd/lib/evpnd.js --config /evpnd.yaml >/log &
    for attempt in $(seq 600); do [ -S /run/evpnd/api.sock ] && break; sleep 0.1; done
    node /usr/lib/evpnd/lib/evpnctl.js show status
    kill $!
    wait $!
    grep -E '"level":"(error|fatal)"' /log || echo calm
  `);
  t.regex(said, /^v20\.19\./);
  t.regex(said, /^Mode +observe$/m);
  t.regex(said, /^calm$/m);
});
