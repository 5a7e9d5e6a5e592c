#!/bin/sh
# Extracts every archive of a folder with one command-line tool.
#
#     extract.sh TOOL ZIPS OUT
#
# Archive ZIPS/NAME.zip goes to OUT/NAME; a failure is told in OUT/NAME.error.
tool=$1 zips=$2 out=$3
umask 022
for zip in "$zips"/*.zip; do
    name=${zip##*/} name=${name%.zip}
    folder=$out/$name
    mkdir -p "$folder" || exit 2
    case $tool in
    unzip) unzip -qq -o "$zip" -d "$folder" ;;
    bsdtar) bsdtar -xf "$zip" -C "$folder" ;;
    bsdtar-pipe) cat "$zip" | bsdtar -xf - -C "$folder" ;;
    # Without -snld20 it refuses, with an error, links that go up a folder or to another link.
    7z) 7z x -y -bd -snld20 "-o$folder" "$zip" ;;
    busybox) busybox unzip -q -o "$zip" -d "$folder" ;;
    *) exit 2 ;;
    esac >"$out/$name.log" 2>&1 </dev/null || mv "$out/$name.log" "$out/$name.error"
done
