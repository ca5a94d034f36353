#!/usr/bin/env bash
# Everything a fresh Debian 12 with Node 20 needs, done only where it is missing: Debian packages (root), the npm
# packages of the lockfile, the native addon, the build.
#
#   setup.sh          all of it
#   setup.sh --fast   what the fast tests need: npm packages, the addon and the build; no root, no Debian packages
#   setup.sh --lab    as without option, but only the Debian packages of `npm run lab`
#   setup.sh --package  what `npm run package` needs, Node's newest LTS line too
#   setup.sh --image  the same and what `npm run image` needs; `arm64` behind either: for that, on x86_64
#
# Exits 1 when a part that was asked for cannot be done. EVPND_BUILD names another output folder.
set -u
cd "$(dirname "$0")/.." || exit 1
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
build=${EVPND_BUILD:-build}
what=${1:-}
say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: FAILED: %s\n' "$*" >&2; exit 1; }

compiler="g++ make python3"
packaging="dpkg-dev"
cross="gcc-aarch64-linux-gnu libc6-dev-arm64-cross libstdc++6-arm64-cross libatomic1-arm64-cross"
emulator="qemu-user-static"
lab="frr iproute2 iputils-ping procps"
tests="gobgpd exabgp bird2 prometheus curl tshark tcpdump user-mode-linux kmod busybox-static mmdebstrap zstd qemu-system-x86 gcc-12 make"

installed() { [ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2>/dev/null)" = 'ii ' ]; }

debian_packages() {
  local missing=() package
  if ! command -v dpkg-query >/dev/null; then
    fail "no dpkg here: this sets up Debian 12; elsewhere install $* by hand"
  fi
  for package in "$@"; do installed "$package" || missing+=("$package"); done
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ "$(id -u)" -ne 0 ]; then
    fail "not root, so these cannot be installed: ${missing[*]}; run: sudo apt-get install ${missing[*]}"
  fi
  say "apt-get install ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  case " ${missing[*]} " in
    *" tshark "*) echo 'wireshark-common wireshark-common/install-setuid boolean false' | debconf-set-selections ;;
  esac
  local log
  log=$(mktemp)
  if ! { apt-get update -q && apt-get install -q -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    rm -f "$log"
    fail "apt-get could not install ${missing[*]}"
  fi
  rm -f "$log"
}

newer_kernel() {
  bash lab/newer-kernel.sh || fail 'no newer kernel for the lab tests'
}

npm_packages() {
  # npm writes this file when it is done, so it is younger than the lockfile it installed.
  [ node_modules/.package-lock.json -nt package-lock.json ] && return 0
  say 'npm ci'
  npm ci --no-audit --no-fund || fail 'npm ci'
}

node_to_package() {
  local folder=packaging/node
  # Others may be at it at this moment
  exec 8<"$folder/package-lock.json"
  flock 8
  if ! [ "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ]; then
    say "npm ci in $folder"
    npm ci --prefix "$folder" --no-audit --no-fund || fail "npm ci in $folder"
  fi
  exec 8<&-
}

# The same of arm64, which npm would not install here beside the machine's.
node_to_package_for_arm64() {
  local folder=packaging/node/cross-arm64
  mkdir -p "$folder"
  exec 8<packaging/node/package-lock.json
  flock 8
  if ! cmp -s packaging/node/package-lock.json "$folder/package-lock.json"; then
    cp packaging/node/package.json packaging/node/package-lock.json "$folder/"
  fi
  if ! [ "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ]; then
    say "npm ci in $folder"
    npm ci --prefix "$folder" --cpu=arm64 --os=linux --no-audit --no-fund || fail "npm ci in $folder"
  fi
  exec 8<&-
}

is_cross() { [ "${1:-}" = arm64 ] && [ "$(uname -m)" = x86_64 ]; }

native_addon() {
  [ -f scripts/build-native.sh ] || fail 'no scripts/build-native.sh'
  bash scripts/build-native.sh || fail 'the native addon does not build'
}

compile() {
  # tsc leaves the output of a file that is gone; a deleted test must not run on.
  if [ -d "$build" ]; then
    find "$build" -name '*.js' -path "$build/*/*" | while read -r output; do
      source=${output#"$build"/}
      [ -e "${source%.js}.ts" ] || rm -f "$output" "$output.map"
    done
  fi
  say "tsc into $build/"
  EVPND_BUILD=$build bash scripts/build.sh || fail 'tsc found errors'
}

command -v node >/dev/null || fail 'no node: evpnd needs Node 20.19 or newer (https://nodejs.org)'
node -e '
  const [major, minor] = process.versions.node.split(".").map(Number);
  process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1);
' || fail "node $(node -v) is too old: 20.19 or newer"

case "$what" in
  --fast)
    npm_packages
    native_addon
    compile
    ;;
  --lab)
    # shellcheck disable=SC2086
    debian_packages $compiler $lab
    npm_packages
    native_addon
    compile
    ;;
  --package | --image)
    [ "$what" = --image ] && packaging="$packaging mmdebstrap"
    is_cross "${2:-}" && packaging="$packaging $cross"
    # shellcheck disable=SC2086
    debian_packages $compiler $packaging
    npm_packages
    node_to_package
    is_cross "${2:-}" && node_to_package_for_arm64
    native_addon
    compile
    ;;
  '')
    is_cross arm64 && packaging="$packaging $cross $emulator"
    # shellcheck disable=SC2086
    debian_packages $compiler $packaging $lab $tests
    newer_kernel
    npm_packages
    node_to_package
    is_cross arm64 && node_to_package_for_arm64
    native_addon
    compile
    ;;
  *)
    fail "unknown option $what: --fast, --lab, --package, --image or none"
    ;;
esac
