#!/usr/bin/env bash
# scripts/need.sh TOOL...: makes sure that the tools are there. What is missing is installed where that can be done
# without asking (Debian as root or with sudo, macOS with Homebrew), else named with what to do.
set -euo pipefail

# The oldest versions that do; the newest are as good.
readonly go_version=1.26 node_version=20

debian_package() {
	case $1 in
	cc) echo gcc libc6-dev ;;
	node) echo nodejs npm ;;
	chromium) if apt-cache show chromium >/dev/null 2>&1; then echo chromium; else echo chromium-browser; fi ;; # Ubuntu's
	*) echo "$1" ;;
	esac
}

# Whether a tool is there. Chromium has many names; the same in tests/browser_test.go.
has() {
	local name
	if [ "$1" != chromium ]; then command -v "$1" >/dev/null; return; fi
	for name in chromium chromium-browser google-chrome "/Applications/Chromium.app/Contents/MacOS/Chromium" \
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
		if command -v "$name" >/dev/null; then return 0; fi
	done
	return 1
}

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; elif sudo -n true 2>/dev/null; then sudo "$@"; else return 1; fi
}

install() {
	if command -v apt-get >/dev/null; then
		as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
			$(debian_package "$1") >&2
	elif command -v brew >/dev/null; then
		brew install "$1" >&2
	else
		return 1
	fi
}

for tool in "$@"; do
	if ! has "$tool"; then
		if [ "$tool" = go ]; then
			echo "Go is missing: install $go_version or newer from your system's packages or go.dev" >&2
			exit 1
		fi
		echo "$tool is missing: installing it" >&2
		install "$tool" || { echo "$tool could not be installed: install it by hand" >&2; exit 1; }
	fi
	if [ "$tool" = node ] && [ "$(node -p 'process.versions.node.split(".")[0]')" -lt "$node_version" ]; then
		echo "node $(node --version) is too old: install $node_version or newer" >&2
		exit 1
	fi
	if [ "$tool" = node ] && ! command -v npm >/dev/null; then
		echo "npm is missing: it comes with node, or as a package of its own" >&2
		exit 1
	fi
done
