#!/bin/sh
# The steps of the Dockerfile, in a script so that a test can take them without Docker. They work in the current folder.
set -eu
case "$1" in
  dependencies)
    npm ci --no-audit --no-fund
    ;;
  build)
    npm run build
    npm prune --omit=dev --no-audit --no-fund
    ;;
  *)
    echo "build-image.sh: dependencies or build?" >&2
    exit 2
    ;;
esac
