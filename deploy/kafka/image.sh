#!/usr/bin/env bash
# Builds the broker's image without a registry: a Debian base by debootstrap, and the jars that Maven fetched.
#   deploy/kafka/image.sh NAME JARS-FOLDER
# As root, with Docker running. A machine that can pull images needs none of this: apache/kafka serves as well.
set -euo pipefail
name=$1 jars=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! docker image inspect policywire-java:bookworm >/dev/null 2>&1; then
  command -v debootstrap >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends debootstrap >/dev/null; }
  # The machine's own mirror, where sources.list names one.
  mirror=$(grep -rhoE '^[^#]*https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null | grep -oE 'https?://[^ ]+' | head -1 || true)
  debootstrap --variant=minbase --include=openjdk-17-jre-headless bookworm "$work/root" "${mirror:-http://deb.debian.org/debian}" >"$work/log" 2>&1 ||
    { tail -5 "$work/log" >&2; exit 1; }
  tar -C "$work/root" -c . | docker import - policywire-java:bookworm >/dev/null
fi
mkdir "$work/image"
cp -r "$jars" "$work/image/libs"
printf 'FROM policywire-java:bookworm\nCOPY libs /opt/kafka/libs\n' >"$work/image/Dockerfile"
docker build -q -t "$name" "$work/image" >/dev/null
