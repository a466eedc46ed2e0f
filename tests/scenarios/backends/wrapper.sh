#!/bin/sh
# SPDX-License-Identifier: MIT
# Starts another backend as a child, as people's wrapper scripts do.
dir=$(dirname "$0")
"${PYTHON:-/usr/bin/python3}" "$dir/strict.py" "$@"
exit $?
