#!/bin/sh
# Format every Python file of the project and sort its imports.
set -eu
cd "$(dirname "$0")"
make --silent env
.venv/bin/ruff check --quiet --select I --fix src tests features
.venv/bin/ruff format src tests features
