#!/bin/sh
# The slow proofs. Composes a framework as a user would and hands its archives to the proof on a real container engine.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
R2RPACK_TEST_CACHE=${R2RPACK_TEST_CACHE:-$work/cache} # what the tests have compiled, where they kept it
export R2RPACK_PROVE=1 R2RPACK_TEST_CACHE R2RPACK_CACHE="$R2RPACK_TEST_CACHE" R2RPACK_TEST_DIST="$work/dist"
./r2rpack compose nuget:10.0.12/linux-x64 --packs "$R2RPACK_DATA/packs" --offline --host "$R2RPACK_DATA/host" -o "$work/root"
./r2rpack pack "$work/root" -o "$work/dist"
prove() { go test -count=1 -timeout 40m -run Prove "$@"; }
# Proofs use all processors, and some tell less when programs are slow: one package at a time, but for those two that only
# compare bytes, most of the time on one processor.
prove -p 1 $(go list ./... | grep -v '/r2r/x64$\|/r2r/arm64$')
prove -p 2 ./r2r/x64 ./r2r/arm64
