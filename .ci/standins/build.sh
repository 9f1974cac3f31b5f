#!/usr/bin/env bash
# Stand-ins of public images that docker-compose.yml names and no registry here has, made of packages (Maven Central, PyPI, Debian).
# Names and tags are read from docker-compose.yml; versions inside are the nearest the packages give. Never push these.
set -euo pipefail
cd "$(dirname "$0")"
images=$(docker compose -f ../../docker-compose.yml --profile '*' config --images | sed 's/@sha256:.*//')
image() { grep -- "$1" <<<"$images" | head -n 1; }
# JRE 17 / this machine's CAs: the bases are stand-ins themselves.
java=$(image apache/kafka)
base=node:24-bookworm-slim

build() { # build FILE IMAGE [ARG…]
  local file=$1 tag=$2 begun=$SECONDS
  shift 2
  if ! docker image inspect "$tag" >/dev/null 2>&1; then
    docker build -q -t "$tag" -f "$file" "$@" . >/dev/null || { echo "$tag cannot be built" >&2; return 1; }
  fi
  echo "$tag: $((SECONDS - begun)) s"
}

registry=$(image apicurio)
version=${registry##*:}
if [ ! -d registry ]; then
  mvn -q -B -ntp dependency:copy "-Dartifact=io.apicurio:apicurio-registry-app:$version:tar.gz:all" -DoutputDirectory="$PWD"
  mkdir registry && tar -xzf apicurio-registry-app-*.tar.gz -C registry && rm apicurio-registry-app-*.tar.gz
fi
build registry.Dockerfile "$registry" --build-arg "BASE=$java"
mlflow=$(image mlflow)
build mlflow.Dockerfile "$mlflow" --build-arg "BASE=$base" --build-arg "VERSION=${mlflow##*:v}"
build prometheus.Dockerfile "$(image prom/prometheus)"
