#!/usr/bin/env bash
# downloader.sh [--md5 H] [--sha1 H] [--limit BW] [--max-size MIB] [--nodecomp] [--noretry] FROM TO
# Fetches a file, an http(s) URL or a disk of a backup (rsync://), checks its sums, unpacks gzip, bzip2 and xz, and writes it to TO; "-" is stdout.
set -u -o pipefail

md5="" sha1="" limit="" most="" unpack=yes retry=(--retry 3)
fail() { printf "%s\n" "$*" >&2; exit 1; }

while [[ $# -gt 2 ]]; do
    case $1 in
        --md5) md5=$2; shift 2 ;;
        --sha1) sha1=$2; shift 2 ;;
        --limit) limit=$2; shift 2 ;;
        --max-size) most=$2; shift 2 ;;
        --nodecomp) unpack=no; shift ;;
        --noretry | --convert) retry=(); shift ;;
        *) fail "downloader.sh: unknown option $1" ;;
    esac
done
[[ $# == 2 ]] || fail "downloader.sh: FROM and TO are needed"
from=$1 to=$2

spool=""
trap "[[ -z \$spool ]] || rm -f \"\$spool\"" EXIT
case $from in
    http://* | https://*)
        spool=$(mktemp "${TMPDIR:-/tmp}/downloader.XXXXXX") || exit 1
        curl --silent --show-error --fail --location "${retry[@]}" ${limit:+--limit-rate "$limit"} -o "$spool" -- "$from" ||
            fail "Error downloading $from"
        file=$spool
        ;;
    rsync://*)
        spool=$(mktemp "${TMPDIR:-/tmp}/downloader.XXXXXX") || exit 1
        "${BASH_SOURCE[0]%/*}/rsync/store" merged "$from" "$spool" || fail "Error downloading $from"
        file=$spool
        ;;
    file://*) file=${from#file://} ;;
    /*) file=$from ;;
    *) fail "downloader.sh: cannot fetch $from" ;;
esac
[[ -r $file && -f $file ]] || fail "Cannot read $file"

checked() { [[ -z $2 || $("$1" <"$file" | cut -d " " -f 1) == "${2,,}" ]] || fail "$1 of $from is not $2"; }
checked md5sum "$md5"
checked sha1sum "$sha1"
[[ -z $most || $(stat -c %s "$file") -le $((most * 1024 * 1024)) ]] || fail "$from is larger than $most MiB"

reader=cat
if [[ $unpack == yes ]]; then
    case $(head -c 6 "$file" | od -An -tx1 | tr -d " \n") in
        1f8b*) reader="gzip -dc" ;;
        425a68*) reader="bzip2 -dc" ;;
        fd377a585a00) reader="xz -dc" ;;
    esac
fi
if [[ $to == - ]]; then
    $reader <"$file"
elif [[ $reader == cat ]]; then
    cp --sparse=always -- "$file" "$to"
else
    $reader <"$file" >"$to"
fi || fail "Error writing $from to $to"
