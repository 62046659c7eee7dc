# Completion of tool for bash, made by "tool completion bash".
_tool() {
	local IFS=$'\n' cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path= commands= flags= value= arg= i
	COMPREPLY=()
	# --flag=value comes as three words.
	if [[ $cur == = ]]; then
		cur=
	elif [[ $prev == = ]]; then
		prev=${COMP_WORDS[COMP_CWORD-2]}
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		case "$path ${COMP_WORDS[i]}" in
		' --rules' | ' -r' | ' --level' | ' --timeout' | '/run --rules' | '/run -r' | '/run --level' | '/run --timeout' | '/pipeline/show --out' | '/pipeline/show -o') i=$((i + 1)) ;;
		' run' | ' pipeline' | ' read' | '/pipeline list' | '/pipeline show') path=$path/${COMP_WORDS[i]} ;;
		esac
	done
	case "$path $prev" in
	' --rules' | ' -r' | '/run --rules' | '/run -r') value='files' ;;
	' --level' | '/run --level') value=$'words low\nhigh' ;;
	' --timeout' | '/run --timeout') value='none' ;;
	'/pipeline/show --out' | '/pipeline/show -o') value='directories' ;;
	esac
	case $path in
	'') commands=$'run\npipeline\nread' flags=$'--help\n--rules\n--level\n--dry\n--timeout' arg='none' ;;
	'/run') commands='' flags=$'--rules\n--level\n--dry\n--timeout\n--help' arg='none' ;;
	'/pipeline') commands=$'list\nshow' flags='--help' arg='none' ;;
	'/pipeline/list') commands='' flags='--help' arg='none' ;;
	'/pipeline/show') commands='' flags=$'--out\n--help' arg=$'words one\ntwo' ;;
	'/read') commands='' flags='--help' arg='files' ;;
	esac
	if [[ -z $value ]]; then
		if [[ $cur == -* ]]; then
			value="words $flags"
		elif [[ -n $commands ]]; then
			value="words $commands"
		else
			value=$arg
		fi
	fi
	case $value in
	"words "*) COMPREPLY=($(compgen -W "${value#words }" -- "$cur")) ;;
	files) COMPREPLY=($(compgen -f -- "$cur")) ;;
	directories) COMPREPLY=($(compgen -d -- "$cur")) ;;
	esac
	if [[ $value == files || $value == directories ]]; then
		compopt -o filenames 2>/dev/null
	fi
}
complete -F _tool tool
