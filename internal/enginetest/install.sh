#!/bin/sh
# Installs what enginetest needs on a Debian machine: Docker with BuildKit, and mmdebstrap. Debian 12 has a Docker that
# is too old for COPY --link, so there the three packages of Debian 13 are taken from the same mirror; they need nothing
# newer than Debian 12 has. Sources of the machine stay as they are.
set -eu
packages="docker.io docker-cli docker-buildx"
install="apt-get install -y -qq --no-install-recommends"
export DEBIAN_FRONTEND=noninteractive

if apt-cache show docker-buildx >/dev/null 2>&1; then
  $install $packages mmdebstrap
  exit 0
fi

. /etc/os-release
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir -p "$work/parts" "$work/lists/partial" "$work/archives/partial" "$work/deb"
for file in /etc/apt/sources.list /etc/apt/sources.list.d/debian.*; do
  [ ! -f "$file" ] || sed "s/$VERSION_CODENAME/trixie/g" "$file" >"$work/parts/$(basename "$file")"
done
newer="-qq -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts=$work/parts -o Dir::State::Lists=$work/lists -o Dir::Cache=$work -o APT::Sandbox::User=root"
apt-get $newer update
(cd "$work/deb" && apt-get $newer download $packages)
$install mmdebstrap "$work"/deb/*.deb
