#!/usr/bin/env bash
# `npm run package`: sets up what is missing, then makes the Debian package (packaging/package.ts).
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/help.sh
helped packaging/package.ts "$@" && exit 0
bash scripts/setup.sh --package || exit 1
exec node "${EVPND_BUILD:-build}/packaging/package.js" "$@"
