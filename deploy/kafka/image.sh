#!/usr/bin/env bash
# Builds the broker's image without a registry: a Debian base by debootstrap, and the jars that Maven fetched.
#   deploy/kafka/image.sh NAME JARS-FOLDER
# As root, with Docker running. A machine that can pull images needs none of this: apache/kafka serves as well.
set -euo pipefail
name=$1 jars=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$(dirname "$0")/../debian" policywire-java:bookworm openjdk-17-jre-headless
mkdir "$work/image"
cp -r "$jars" "$work/image/libs"
printf 'FROM policywire-java:bookworm\nCOPY libs /opt/kafka/libs\n' >"$work/image/Dockerfile"
docker build -q -t "$name" "$work/image" >/dev/null
