#!/usr/bin/env bash
# Generates everything again and fails on any difference from what is committed in the working tree.
set -euo pipefail
cd "$(dirname "$0")/.."

before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT
cp -R gen openapi/*.gen.json "$before"
make --no-print-directory generate
diff -ru "$before/gen" gen
for document in openapi/*.gen.json; do
    diff -u "$before/$(basename "$document")" "$document"
done
