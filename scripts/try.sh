#!/bin/sh
# The main job, end to end, as a user would do it: try.sh R2RPACK OUTPUT
# Packs come from R2RPACK_DATA/packs where they are, else from the NuGet sources of this machine.
set -eu
r2rpack=$1 out=$2 version=${VERSION_NET:-10.0.12}
rm -rf "$out" && mkdir -p "$out"
if [ -d "$R2RPACK_DATA/packs" ]; then
  set -- --packs "$R2RPACK_DATA/packs" --offline --host "$R2RPACK_DATA/host"
else
  set --
fi
run() { echo; echo "\$ $*"; "$@"; }
run "$r2rpack" compose "nuget:$version/linux-x64" "$@" -o "$out/root"
run "$r2rpack" verify "$out/root"
if [ -d "$R2RPACK_DATA/apps" ]; then
  run "$out/root/dotnet" "$R2RPACK_DATA/apps/net${version%.*}/hello/hello.dll"
fi
run "$r2rpack" pack "$out/root" -o "$out/dist"
run "$r2rpack" dockerfile "$out/dist"
run ls -l "$out/dist"
