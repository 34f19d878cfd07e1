#!/bin/sh
# Installs what qemutest needs on a Debian machine: the user-mode emulator, and the few arm64 libraries that .NET loads,
# unpacked into a folder of their own (the first argument; qemutest.go says which one it takes without). Sources,
# architectures and packages of the machine stay as they are, but for the emulator.
set -eu
sysroot=${1:-/opt/aarch64-linux-gnu}
export DEBIAN_FRONTEND=noninteractive
apt-get install -y -qq --no-install-recommends qemu-user-static >/dev/null

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir -p "$work/parts" "$work/lists/partial" "$work/archives/partial" "$work/deb"
for file in /etc/apt/sources.list /etc/apt/sources.list.d/debian.*; do
  [ ! -f "$file" ] || cp "$file" "$work/parts/"
done
arm64="-qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Acquire::Languages=none -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts=$work/parts -o Dir::State::Lists=$work/lists -o Dir::Cache=$work -o APT::Sandbox::User=root"
apt-get $arm64 update
ssl=libssl3
apt-cache $arm64 show libssl3t64 >/dev/null 2>&1 && ssl=libssl3t64 # Debian 13
(cd "$work/deb" && apt-get $arm64 download libc6 libgcc-s1 libstdc++6 $ssl)
mkdir -p "$sysroot"
for package in "$work"/deb/*.deb; do dpkg -x "$package" "$sysroot"; done
