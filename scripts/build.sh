#!/usr/bin/env bash
# Compiles into $EVPND_BUILD (default build/), with a program that may be executed: tsc sets no such mode.
# Arguments go to tsc.
set -eu
cd "$(dirname "$0")/.."
build=${EVPND_BUILD:-build}
npx tsc -p tsconfig.json --outDir "$build" --tsBuildInfoFile "$build/.tsbuildinfo" "$@"
chmod +x "$build/src/main.js" "$build/src/cli/main.js"
