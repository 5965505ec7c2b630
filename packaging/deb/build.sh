#!/bin/sh
# Usage: build.sh [PYTHON]; makes dist/one-linstor-driver_VERSION_ARCHITECTURE.deb. Needs dpkg-deb.
set -eu
cd "$(dirname "$0")/../.."
python=${1:-python3}
command -v dpkg-deb >/dev/null || { echo "make deb: dpkg-deb is missing (package dpkg)" >&2; exit 1; }

root=build/deb
sh packaging/stage.sh "$root" "$python"
version=$(sh packaging/version.sh)
architecture=$(dpkg --print-architecture)
mkdir -p "$root/DEBIAN"
sed -e "s|@VERSION@|$version|" -e "s|@ARCHITECTURE@|$architecture|" \
    -e "s|@PYTHON@|$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')|" \
    -e "s|@SIZE@|$(du -sk --apparent-size "$root/usr" | cut -f1)|" packaging/deb/control.in >"$root/DEBIAN/control"
for script in postinst prerm postrm; do
    install -m 755 "packaging/deb/$script" "$root/DEBIAN/$script"
done
cp LICENSE "$root/usr/share/doc/one-linstor-driver/copyright"
(cd "$root" && find usr -type f | LC_ALL=C sort | xargs -d '\n' md5sum) >"$root/DEBIAN/md5sums"
chmod 644 "$root/DEBIAN/control" "$root/DEBIAN/md5sums" "$root/usr/share/doc/one-linstor-driver/copyright"
find "$root" -exec touch --no-dereference --date="@${SOURCE_DATE_EPOCH:-0}" {} +
dpkg-deb --build --root-owner-group -Zxz "$root" "dist/one-linstor-driver_${version}_$architecture.deb"
