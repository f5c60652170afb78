#!/usr/bin/env bash
# Generates everything again and fails on any difference from what is committed in the working tree.
set -euo pipefail
cd "$(dirname "$0")/.."

before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT
cp -R gen openapi/openapi.gen.json "$before"
make --no-print-directory generate
diff -ru "$before/gen" gen
diff -u "$before/openapi.gen.json" openapi/openapi.gen.json
