#!/usr/bin/env bash
# `npm run package`, `npm run image`: sets up what is missing, then makes the Debian package (packaging/package.ts), or an OCI image
# of it (packaging/image.ts).
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/help.sh
what=package
if [ "${1:-}" = image ]; then what=image; shift; fi
helped "packaging/$what.ts" "$@" && exit 0
arch=
case " $* " in *" --arch arm64 "* | *" --arch=arm64 "*) arch=arm64 ;; esac
# shellcheck disable=SC2086
bash scripts/setup.sh "--$what" $arch || exit 1
exec node "${EVPND_BUILD:-build}/packaging/$what.js" "$@"
