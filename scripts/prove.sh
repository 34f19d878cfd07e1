#!/bin/sh
# The slow proofs. Composes a framework as a user would and hands its archives to the proof on a real container engine.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export R2RPACK_PROVE=1 R2RPACK_CACHE="$work/cache" R2RPACK_TEST_CACHE="$work/cache"
export R2RPACK_TEST_DIST="$work/dist"
./r2rpack compose nuget:10.0.12/linux-x64 --packs "$R2RPACK_DATA/packs" --offline --host "$R2RPACK_DATA/host" -o "$work/root"
./r2rpack pack "$work/root" -o "$work/dist"
go test -count=1 -timeout 40m -p 1 -run Prove ./...
