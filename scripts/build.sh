#!/usr/bin/env bash
# Compiles into $EVPND_BUILD (default build/), with a program that may be executed: tsc sets no such mode.
# Arguments go to tsc, that of TypeScript 7: `typescript` of node_modules, an older one, is what dependency-cruiser reads by.
set -eu
cd "$(dirname "$0")/.."
build=${EVPND_BUILD:-build}
node node_modules/@typescript/native/bin/tsc -p tsconfig.json --outDir "$build" --tsBuildInfoFile "$build/.tsbuildinfo" "$@"
chmod +x "$build/src/main.js" "$build/src/cli/main.js"
