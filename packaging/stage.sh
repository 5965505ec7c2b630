#!/bin/sh
# Lay out below DIR what a native package holds: the application and every library, for one version of Python.
# Usage: stage.sh DIR [PYTHON]; the wheels come from dist/wheelhouse (make dist).
set -eu
cd "$(dirname "$0")/.."
root=$1
python=${2:-python3}

name=one-linstor-driver
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
lib=$root/usr/lib/$name

rm -rf "$root"
mkdir -p "$lib" "$root/usr/bin" "$root/usr/share/doc/$name"
PIP_ROOT_USER_ACTION=ignore "$python" -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-compile \
    --target "$lib" dist/wheelhouse/*.whl
rm -rf "$lib/bin"
sed "s|@PYTHON@|/usr/bin/python$version|" packaging/onelinstor.in >"$lib/onelinstor"
cp packaging/activate "$lib/activate"
chmod 755 "$lib/onelinstor" "$lib/activate"
own() { SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-0} "$python" -BIS "$lib/onelinstor" "$@"; }
share=$root/usr/share
mkdir -p "$share/man/man1" "$share/bash-completion/completions" "$share/zsh/vendor-completions"
own manual | gzip -9n >"$share/man/man1/onelinstor.1.gz"
own completion bash >"$share/bash-completion/completions/onelinstor"
own completion zsh >"$share/zsh/vendor-completions/_onelinstor"
ln -s "../../var/lib/$name/current/onelinstor" "$root/usr/bin/onelinstor"
cp CHANGELOG.md README.md LICENSE "$root/usr/share/doc/$name/"
find "$root" -type d -exec chmod 755 {} +
find "$lib" -type f -perm /111 -exec chmod 755 {} +
find "$root" -type f ! -perm /111 -exec chmod 644 {} +

# the same bytes from the same sources: one time for everything, and a name for the content
find "$root" -exec touch --no-dereference --date="@${SOURCE_DATE_EPOCH:-0}" {} +
(cd "$lib" && find . -type f ! -name BUILD | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum | cut -c1-12) >"$lib/BUILD"
touch --date="@${SOURCE_DATE_EPOCH:-0}" "$lib/BUILD" "$lib"
