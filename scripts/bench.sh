#!/usr/bin/env bash
# `npm run bench`: sets up what is missing, then measures (bench/run.ts says how and what).
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/help.sh
helped bench/run.ts "$@" && exit 0
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
case " $* " in
  *' --list '* | *' --report '*) setup=--fast ;;
  *) setup=--lab ;;
esac
if [ "$setup" = --lab ] && [ "$(id -u)" -ne 0 ]; then
  echo 'bench: network namespaces need root: run it as root (sudo npm run bench)' >&2
  exit 1
fi
bash scripts/setup.sh $setup || exit 1
exec node "${EVPND_BUILD:-build}/bench/run.js" "$@"
