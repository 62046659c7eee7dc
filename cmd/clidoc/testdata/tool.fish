# Completion of tool for fish, made by "tool completion fish".

function __fish_tool_at --description 'whether the command line is at these commands'
	set -l path
	for word in (commandline -opc)[2..-1]
		switch "$path/$word"
			case /run /pipeline /pipeline/list /pipeline/show /read
				set path "$path/$word"
		end
	end
	test "$path" = "$argv[1]"
end

complete -c tool -f
complete -c tool -n '__fish_tool_at \'\'' -a run -d 'Run'
complete -c tool -n '__fish_tool_at \'\'' -a pipeline -d 'Pipelines'
complete -c tool -n '__fish_tool_at \'\'' -a read -d 'Read files'
complete -c tool -n '__fish_tool_at \'\'' -l help -s h -d 'Show context-sensitive help'
complete -c tool -n '__fish_tool_at \'\'' -l rules -s r -d 'Where the \'rules\' are: files, [directories]' -r -F
complete -c tool -n '__fish_tool_at \'\'' -l level -d 'Level: low or high' -x -a 'low high'
complete -c tool -n '__fish_tool_at \'\'' -l dry -s n -d 'Do nothing'
complete -c tool -n '__fish_tool_at \'\'' -l timeout -d 'How long' -x
complete -c tool -n '__fish_tool_at \'/run\'' -l rules -s r -d 'Where the \'rules\' are: files, [directories]' -r -F
complete -c tool -n '__fish_tool_at \'/run\'' -l level -d 'Level: low or high' -x -a 'low high'
complete -c tool -n '__fish_tool_at \'/run\'' -l dry -s n -d 'Do nothing'
complete -c tool -n '__fish_tool_at \'/run\'' -l timeout -d 'How long' -x
complete -c tool -n '__fish_tool_at \'/run\'' -l help -s h -d 'Show context-sensitive help'
complete -c tool -n '__fish_tool_at \'/pipeline\'' -a list -d 'List them'
complete -c tool -n '__fish_tool_at \'/pipeline\'' -a show -d 'Show one'
complete -c tool -n '__fish_tool_at \'/pipeline\'' -l help -s h -d 'Show context-sensitive help'
complete -c tool -n '__fish_tool_at \'/pipeline/list\'' -l help -s h -d 'Show context-sensitive help'
complete -c tool -n '__fish_tool_at \'/pipeline/show\'' -a 'one two'
complete -c tool -n '__fish_tool_at \'/pipeline/show\'' -l out -s o -d 'Where to' -x -a '(__fish_complete_directories)'
complete -c tool -n '__fish_tool_at \'/pipeline/show\'' -l help -s h -d 'Show context-sensitive help'
complete -c tool -n '__fish_tool_at \'/read\'' -F
complete -c tool -n '__fish_tool_at \'/read\'' -l help -s h -d 'Show context-sensitive help'
