#!/bin/sh
# Usage: dist.sh [PYTHON]; the wheel in dist/, and in dist/wheelhouse all that an installation without network needs.
set -eu
cd "$(dirname "$0")/.."
python=${1:-python3}
rm -rf dist/wheelhouse
mkdir -p dist/wheelhouse
pip() { PIP_ROOT_USER_ACTION=ignore "$python" -m pip --disable-pip-version-check --quiet "$@"; }
pip wheel --require-hashes --requirement src/entrypoints/onelinstor/install/requirements.lock --wheel-dir dist/wheelhouse
# setuptools keeps there what an earlier build had, and puts modules that are gone into the wheel again
rm -rf build/lib build/bdist.*
pip wheel --no-deps --wheel-dir dist .
cp dist/one_linstor_driver-*.whl dist/wheelhouse/
