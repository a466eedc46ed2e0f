# SPDX-License-Identifier: MIT
# Completion of transportctl for bash. Names of commands come from the program, people from the instance that is meant.

_transportctl_instances() { # folder
	local file
	for file in "$1"/*.cfg; do
		[ -e "$file" ] || continue
		file=${file##*/}
		printf '%s\n' "${file%.cfg}"
	done
}

# What the argument of a command may be, as --list-commands writes it.
_transportctl_argument() { # argument
	case $1 in
	'<user>' | '[user]' | '<username>')
		timeout 3 "$program" "${which[@]}" online_users 2>/dev/null </dev/null | cut -d ' ' -f 1 ;;
	'<command>') "$program" --list-commands | cut -f 1 ;;
	'[level]') printf '%s\n' error warning info debug default ;;
	esac
}

_transportctl() {
	local program=${COMP_WORDS[0]} line=${COMP_LINE:0:COMP_POINT} folder=/etc/libtransport
	local current words=() which=() command='' word option='' arguments=() position=0 i replies=''

	# bash parts words at characters that addresses have.
	read -r -a words <<<"$line"
	current=${line##*[[:space:]]}
	[ -z "$current" ] || unset "words[${#words[@]}-1]"
	for ((i = 1; i < ${#words[@]}; i++)); do
		word=${words[i]}
		if [ -n "$option" ]; then
			case $option in -f | --follow) ;; *) which+=("$option" "$word") ;; esac
			case $option in -d | --directory) folder=$word ;; esac
			option=''
		elif [ -n "$command" ]; then
			position=$((position + 1))
		else
			case $word in
			-c | --config | -s | --socket | -j | --jid | -i | --instance | -d | --directory | -f | --follow)
				option=$word ;;
			-*) ;;
			*) command=$word ;;
			esac
		fi
	done

	if [ -n "$option" ]; then
		case $option in
		-c | --config | -s | --socket) replies=$(compgen -f -- "$current") ;;
		-d | --directory) replies=$(compgen -d -- "$current") ;;
		-i | --instance) replies=$(_transportctl_instances "$folder") ;;
		-f | --follow) replies=$(_transportctl_argument '<user>') ;;
		esac
	elif [ -z "$command" ] && [[ $current == -* ]]; then
		replies='--bodies --config --directory --follow --help --instance --jid --json --list-commands --socket --version'
	elif [ -z "$command" ]; then
		replies=$("$program" --list-commands | cut -f 1)
		replies+=$'\nget\nset\nlist\nstart\nstop\nrestart\nslack'
	else
		case $command in
		start | stop | restart) replies=$(_transportctl_instances "$folder") ;;
		slack) [ "$position" != 0 ] || replies=manifest ;;
		get) [ "$position" != 0 ] || replies=$("$program" --list-commands | cut -f 1) ;;
		set)
			case $position in
			0) replies=log_level ;;
			1) replies=$'error\nwarning\ninfo\ndebug' ;;
			esac ;;
		*)
			read -r -a arguments <<<"$("$program" --list-commands |
				while IFS=$'\t' read -r word i _; do [ "$word" != "$command" ] || printf '%s' "$i"; done)"
			replies=$(_transportctl_argument "${arguments[position]:-}") ;;
		esac
	fi

	# bash replaces what is behind the last of the characters that part words for it; @ itself goes with what follows.
	local kept='' c
	for ((i = 0; i < ${#current}; i++)); do
		c=${current:i:1}
		[[ $COMP_WORDBREAKS != *"$c"* ]] || if [ "$c" = @ ]; then kept=${current:0:i}; else kept=${current:0:i+1}; fi
	done
	COMPREPLY=()
	while IFS= read -r word; do
		[ -z "$word" ] || [[ $word != "$current"* ]] || COMPREPLY+=("${word#"$kept"}")
	done < <(tr ' ' '\n' <<<"$replies" | sort -u)
}

complete -F _transportctl transportctl
