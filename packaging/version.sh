#!/bin/sh
# Usage: version.sh; the version of pyproject.toml as the package managers sort it (4.0.0.dev0 before 4.0.0).
set -eu
cd "$(dirname "$0")/.."
[ -z "${PACKAGE_VERSION:-}" ] || { echo "$PACKAGE_VERSION"; exit; }
sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml | sed -E 's/\.?(dev|a|b|rc)([0-9]+)$/~\1\2/'
