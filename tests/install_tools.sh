#!/bin/sh
# Installs what the tests need beyond Python, as far as this machine lets us: a PostgreSQL server, headless Chromium with
# Chinese fonts, Node.js with the packages of tests/peers. What cannot be had is named loudly; its tests are skipped.
# Never fails: the tests that need nothing of it must run everywhere.
set -u
cd "$(dirname "$0")/.."
missing=""

has_postgresql() { ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1; }
has_chromium() { command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1; }
has_fonts() { ls /usr/share/fonts/opentype/noto/NotoSansCJK* >/dev/null 2>&1; }
has_node() { command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1; }

wanted=""
has_postgresql || wanted="$wanted postgresql"
has_chromium || wanted="$wanted chromium"
has_fonts || wanted="$wanted fonts-noto-cjk"
has_node || wanted="$wanted nodejs npm"

if [ -n "$wanted" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing for the tests:$wanted" >&2
    export DEBIAN_FRONTEND=noninteractive
    # The package would start a cluster of its own; the tests bring up a private one.
    if ! has_postgresql && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        mkdir -p /etc/postgresql-common
        echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
    fi
    apt-get update -qq >/dev/null 2>&1
    for package in $wanted; do
        apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1 || true
    done
fi

if has_node && [ -f tests/peers/package.json ] && [ ! -d tests/peers/node_modules/axe-core ]; then
    if [ -f tests/peers/package-lock.json ]; then install=ci; else install=install; fi
    (cd tests/peers && npm "$install" --silent --no-audit --no-fund --ignore-scripts >/dev/null 2>&1) || true
fi

has_postgresql || missing="$missing
  - PostgreSQL: its half of the contract tests and the proofs with two servers"
has_chromium || missing="$missing
  - Chromium: the browser tests"
has_fonts || missing="$missing
  - Chinese fonts: pages are tested, but screenshots show boxes"
{ has_node && [ -f tests/peers/node_modules/.package-lock.json ]; } || missing="$missing
  - Node.js packages (tests/peers): encryption against independent clients, accessibility of the console"

if [ -n "$missing" ]; then
    echo "############################################################" >&2
    echo "# NOT AVAILABLE HERE, SO THESE TESTS ARE SKIPPED:$missing" >&2
    echo "############################################################" >&2
fi
exit 0
