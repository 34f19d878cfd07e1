#!/bin/sh
# Says loudly what make test could not test here.
[ -d "$R2RPACK_DATA/packs" ] && exit 0
cat >&2 <<TEXT

*** The real inputs are not at $R2RPACK_DATA: every test that runs on real .NET was SKIPPED. ***
*** Set R2RPACK_DATA to the folder that holds packs/, host/ and apps/ and run make test again. ***

TEXT
