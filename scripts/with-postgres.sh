#!/usr/bin/env bash
# Runs a command with a PostgreSQL of its own:
#
#     scripts/with-postgres.sh CMD ARGS...
#
# CMD finds the address in FINCON_TEST_POSTGRES. The instance lives in a temporary folder and on a free port of the
# loopback interface, and is gone when CMD ends; the status is CMD's. FINCON_PG_FAST=1 makes it faster and not durable.
set -euo pipefail

[ $# -gt 0 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }

say() { echo "with-postgres: $*" >&2; }

# The newest server that is installed: one version per folder, and any on the path.
find_binaries() {
    local initdb
    for initdb in $(ls -d /usr/lib/postgresql/*/bin/initdb /opt/homebrew/opt/postgresql*/bin/initdb \
        /usr/local/opt/postgresql*/bin/initdb /usr/pgsql-*/bin/initdb 2>/dev/null | sort -rV) "$(command -v initdb || true)"; do
        if [ -x "$initdb" ] && [ -x "$(dirname "$initdb")/postgres" ]; then
            dirname "$initdb"
            return
        fi
    done
    return 1
}

install_server() {
    local root=""
    if command -v apt-get >/dev/null; then
        if [ "$(id -u)" != 0 ]; then
            sudo -n true 2>/dev/null || { say "PostgreSQL is missing: run 'sudo apt-get install postgresql'"; exit 1; }
            root="sudo"
        fi
        say "installing PostgreSQL"
        # The package makes a cluster of its own; Debian's way to say that it is not to be started.
        local policy=/usr/sbin/policy-rc.d made=""
        if [ ! -e "$policy" ]; then
            made=1
            printf '#!/bin/sh\nexit 101\n' | $root tee "$policy" >/dev/null
            $root chmod 755 "$policy"
        fi
        local status=0
        { $root apt-get update -qq &&
            $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql; } >&2 || status=$?
        [ -z "$made" ] || $root rm -f "$policy"
        [ "$status" = 0 ] || { say "apt-get has failed"; exit 1; }
    elif command -v brew >/dev/null; then
        say "installing PostgreSQL"
        brew install postgresql@17 >&2
    else
        say "PostgreSQL is missing: install its server (initdb, postgres, pg_ctl) and put it on the PATH"
        exit 1
    fi
}

if ! bin=$(find_binaries); then
    install_server
    bin=$(find_binaries) || { say "PostgreSQL was installed, but its initdb is not found"; exit 1; }
fi

# PostgreSQL refuses to run as root.
as_owner() { "$@"; }
if [ "$(id -u)" = 0 ]; then
    id postgres >/dev/null 2>&1 || { say "run as another user than root, or add a user called postgres"; exit 1; }
    if command -v runuser >/dev/null; then
        as_owner() { runuser -u postgres -- "$@"; }
    else
        as_owner() { su postgres -s /bin/sh -c 'exec "$0" "$@"' -- "$@"; }
    fi
fi

dir=$(mktemp -d "${TMPDIR:-/tmp}/fincon-postgres.XXXXXX")
child=""
finish() {
    trap '' INT TERM HUP
    if [ -n "$child" ] && kill -0 "$child" 2>/dev/null; then
        kill "$child" 2>/dev/null || true
        wait "$child" 2>/dev/null || true
    fi
    if [ -f "$dir/data/postmaster.pid" ]; then
        as_owner "$bin/pg_ctl" stop -D "$dir/data" -m immediate -w >/dev/null 2>&1 || say "could not stop the instance in $dir"
    fi
    rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
[ "$(id -u)" != 0 ] || chown postgres "$dir"

# pg_ctl has to be in a folder that its user may enter.
cd_run() { (cd "$dir" && as_owner "$@"); }

cd_run "$bin/initdb" -D "$dir/data" -U fincon -A trust -E UTF8 --locale=C --no-sync >"$dir/initdb.log" 2>&1 ||
    { cat "$dir/initdb.log" >&2; exit 1; }

options="-c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=300 -c shared_buffers=64MB"
[ "${FINCON_PG_FAST:-}" != 1 ] || options="$options -c fsync=off -c synchronous_commit=off -c full_page_writes=off"

# Nothing reserves a port: when somebody takes it first, another is tried.
started=""
for attempt in 1 2 3 4 5 6 7 8; do
    port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    if cd_run "$bin/pg_ctl" start -D "$dir/data" -w -t 60 -l "$dir/data/server.log" -o "$options -p $port" >/dev/null 2>&1; then
        started=1
        break
    fi
    grep -q 'could not bind\|Address already in use' "$dir/data/server.log" 2>/dev/null || break
    rm -f "$dir/data/server.log"
done
[ -n "$started" ] || { say "PostgreSQL does not start:"; cat "$dir/data/server.log" >&2; exit 1; }

export FINCON_TEST_POSTGRES="postgres://fincon@127.0.0.1:$port/postgres?sslmode=disable"

# In the background, so that a signal to this script is acted on at once.
"$@" <&0 &
child=$!
status=0
wait "$child" || status=$?
child=""
exit "$status"
