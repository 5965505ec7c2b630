#!/bin/sh
# Usage: build.sh [PYTHON]; makes dist/one-linstor-driver-VERSION-1.ARCHITECTURE.rpm. Needs rpmbuild.
set -eu
cd "$(dirname "$0")/../.."
python=${1:-python3}
command -v rpmbuild >/dev/null || { echo "make rpm: rpmbuild is missing (package rpm or rpm-build)" >&2; exit 1; }

sh packaging/stage.sh build/rpm/staged "$python"
# where zsh looks on distributions with rpm
mv build/rpm/staged/usr/share/zsh/vendor-completions build/rpm/staged/usr/share/zsh/site-functions
rpmbuild -bb --quiet \
    --define "_topdir $PWD/build/rpm/top" \
    --define "_rpmdir $PWD/build/rpm/made" \
    --define "_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm" \
    --define "use_source_date_epoch_as_buildtime 1" \
    --define "clamp_mtime_to_source_date_epoch 1" \
    --define "_buildhost localhost" \
    --define "staged $PWD/build/rpm/staged" \
    --define "driver_version $(sh packaging/version.sh)" \
    --define "driver_python $("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')" \
    packaging/rpm/one-linstor-driver.spec
cp build/rpm/made/*.rpm dist/
