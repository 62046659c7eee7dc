#compdef tool
# Completion of tool for zsh, made by "tool completion zsh".

_tool() {
	local curcontext="$curcontext" state line
	typeset -A opt_args
	_arguments -C \
		'(--help -h)--help[Show context-sensitive help]' \
		'(--help -h)-h[Show context-sensitive help]' \
		'*--rules=[Where the '\''rules'\'' are\: files, \[directories\]]:PATH:_files' \
		'*-r[Where the '\''rules'\'' are\: files, \[directories\]]:PATH:_files' \
		'--level=[Level\: low or high]:low:(low high)' \
		'(--dry -n)--dry[Do nothing]' \
		'(--dry -n)-n[Do nothing]' \
		'--timeout=[How long]:DUR: ' \
		'1: :->command' \
		'*:: :->rest'
	case $state in
	command)
		local -a commands=(
			'run:Run'
			'pipeline:Pipelines'
			'read:Read files'
		)
		_describe -t commands command commands
		;;
	rest)
		case $line[1] in
		run) _tool_run ;;
		pipeline) _tool_pipeline ;;
		read) _tool_read ;;
		esac
		;;
	esac
}

_tool_run() {
	_arguments \
		'*--rules=[Where the '\''rules'\'' are\: files, \[directories\]]:PATH:_files' \
		'*-r[Where the '\''rules'\'' are\: files, \[directories\]]:PATH:_files' \
		'--level=[Level\: low or high]:low:(low high)' \
		'(--dry -n)--dry[Do nothing]' \
		'(--dry -n)-n[Do nothing]' \
		'--timeout=[How long]:DUR: ' \
		'(--help -h)--help[Show context-sensitive help]' \
		'(--help -h)-h[Show context-sensitive help]' \
		'*: :'
}

_tool_pipeline() {
	local curcontext="$curcontext" state line
	typeset -A opt_args
	_arguments -C \
		'(--help -h)--help[Show context-sensitive help]' \
		'(--help -h)-h[Show context-sensitive help]' \
		'1: :->command' \
		'*:: :->rest'
	case $state in
	command)
		local -a commands=(
			'list:List them'
			'show:Show one'
		)
		_describe -t commands command commands
		;;
	rest)
		case $line[1] in
		list) _tool_pipeline_list ;;
		show) _tool_pipeline_show ;;
		esac
		;;
	esac
}

_tool_pipeline_list() {
	_arguments \
		'(--help -h)--help[Show context-sensitive help]' \
		'(--help -h)-h[Show context-sensitive help]' \
		'*: :'
}

_tool_pipeline_show() {
	_arguments \
		'(--out -o)--out=[Where to]:DIR:_files -/' \
		'(--out -o)-o[Where to]:DIR:_files -/' \
		'(--help -h)--help[Show context-sensitive help]' \
		'(--help -h)-h[Show context-sensitive help]' \
		':name:(one two)'
}

_tool_read() {
	_arguments \
		'(--help -h)--help[Show context-sensitive help]' \
		'(--help -h)-h[Show context-sensitive help]' \
		':file:_files' \
		'*:file:_files'
}

if [[ $funcstack[1] == _tool ]]; then
	_tool "$@"
else
	compdef _tool tool
fi
