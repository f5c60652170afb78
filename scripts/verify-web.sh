#!/usr/bin/env bash
# Checks the types of web/, builds it again and fails on any difference from what is committed in the working tree.
set -euo pipefail
cd "$(dirname "$0")/.."

before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT
cp -R web/gen web/dist "$before"
make --no-print-directory web
diff -ru "$before/gen" web/gen
diff -rq "$before/dist" web/dist
