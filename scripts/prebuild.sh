#!/usr/bin/env bash
# For `npm pack`: lays the manual pages and the built addon where a package brings them along. Node-API: one for all versions of Node.
set -eu
cd "$(dirname "$0")/.."
bash scripts/build-native.sh
folder=native/prebuilds/linux-$(node -p process.arch)
rm -rf native/prebuilds
mkdir -p "$folder"
cp native/build/Release/socket.node "$folder/evpnd.napi.node"
strip --strip-unneeded "$folder/evpnd.napi.node"
node "${EVPND_BUILD:-build}/packaging/npm-manual.js"
