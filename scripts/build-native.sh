#!/bin/bash
# Builds native/ with the headers of the running Node.js, without the network; does nothing when it is up to date, nor in an
# installed package of npm whose own addon (scripts/prebuild.sh) loads here.
set -euo pipefail
cd "$(dirname "$0")/.."

output=native/build/Release/socket.node
# Others may build the same checkout at this moment
exec 9<native/binding.gyp
flock 9

if [ -e "$output" ] && [ -z "$(find native -maxdepth 1 -type f -newer "$output")" ]; then
  exit 0
fi

if [ ! -e node_modules/node-gyp ] && node -e 'require("node-gyp-build")("native")' 2>/dev/null; then
  exit 0
fi

prefix=$(node -p 'require("node:path").dirname(require("node:path").dirname(require("node:fs").realpathSync(process.execPath)))')
nodedir=
for candidate in "$prefix" /usr /usr/local; do
  if [ -e "$candidate/include/node/node_api.h" ] && [ -e "$candidate/include/node/uv.h" ]; then
    nodedir=$candidate
    break
  fi
done
if [ -z "$nodedir" ]; then
  echo "build-native: no headers of Node.js $(node -v): found no include/node/node_api.h below $prefix, /usr, /usr/local." >&2
  echo "build-native: install them (Debian: apt-get install libnode-dev; nodejs.org's archive has them inside)." >&2
  exit 1
fi
for tool in cc make python3; do
  if ! command -v "$tool" >/dev/null; then
    echo "build-native: no $tool (Debian: apt-get install build-essential python3)." >&2
    exit 1
  fi
done

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Installed as a package, evpnd has no node-gyp of its own, and npm brings one
gyp=node_modules/node-gyp/bin/node-gyp.js
[ -e "$gyp" ] || gyp=${npm_config_node_gyp:?run it by npm: npm rebuild evpnd}
if ! node "$gyp" rebuild --directory native --nodedir "$nodedir" >"$log" 2>&1 9>&-; then
  cat "$log" >&2
  echo "build-native: node-gyp failed, see above." >&2
  exit 1
fi
grep -E 'warning:' "$log" >&2 || true
