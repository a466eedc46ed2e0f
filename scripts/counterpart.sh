# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# For scripts/install-*, which put counterparts of the tests into the cache folder; to be sourced. One that is there has to be
# whole: is_whole says so, and may be defined anew.

counterpart() { # NAME, which has the version in it; WHAT it is: sets folder, log, and where (what --where prints)
  what=$2
  cache=${XDG_CACHE_HOME:-}
  if [ -z "$cache" ]; then
    [ -n "${HOME:-}" ] || { echo "Neither XDG_CACHE_HOME nor HOME says where $what may be installed." >&2; exit 1; }
    cache="$HOME/.cache"
  fi
  folder="$cache/libtransport/$1"
  where=$folder
  log="$folder.log"
}

is_whole() { [ -e "$folder/whole" ]; }

say_where() { is_whole || exit 1; echo "$where"; exit 0; }

take_arguments() { # the script's own: comes back if there is something to install
  case "${1:-}" in
    --where) say_where ;;
    "") ! is_whole || exit 0 ;;
    *) echo "usage: scripts/${0##*/} [--where]" >&2; exit 2 ;;
  esac
}

need() { # PROGRAM, [what to do]
  command -v "$1" >/dev/null 2>&1 && return
  echo "$what cannot be installed: there is no $1 on this machine${2:+ ($2)}." >&2
  exit 1
}

discard() {
  chmod -R u+w "$folder" 2>/dev/null || true # Go's modules are read-only
  rm -rf "$folder"
}

begin() { # [how long it takes]: an empty folder, for one process at a time; ends the script if another one was faster
  mkdir -p "${folder%/*}"
  exec 9>"$folder.lock"
  flock 9
  ! is_whole || exit 0
  echo "Installing $what into $folder (${1:+$1, }once) ..."
  discard
  mkdir "$folder"
  : >"$log"
}

fail() { # [why]
  tail -n 15 "$log" >&2
  echo "$what cannot be installed${1:+: $1}. The whole story is in $log" >&2
  discard
  exit 1
}
