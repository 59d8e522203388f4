#!/bin/sh
# Installs what some tests need beside Python. What cannot be had is named loudly; its tests are then skipped.
set -u
cd "$(dirname "$0")"

skipped() {
    echo "!!! NOT TESTED HERE: $1" >&2
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# The npm peers of the channel's cipher.
if [ ! -d peers/node_modules/@wecom/crypto ] || [ ! -d peers/node_modules/wechat-crypto ]; then
    if have npm && have node; then
        (cd peers && npm ci --no-audit --no-fund --loglevel=error) || skipped "the independent npm clients (npm ci failed)"
    else
        skipped "the independent npm clients (no node and npm)"
    fi
fi
exit 0
