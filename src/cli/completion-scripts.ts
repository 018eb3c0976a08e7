/**
 * What each shell is told: ask `flotilla __complete` with the words so far, the last one unfinished. It prints a
 * candidate a line, with a tab and its description behind it where it has one.
 */
export const completionScripts = {
  /** bash takes `@ : =` for the end of a word, so what it has set apart already must not be given to it again. */
  bash: `_flotilla() {
  local line=\${COMP_LINE:0:COMP_POINT} word kept candidate words
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  word=\${words[\${#words[@]} - 1]}
  kept=\${word%"\${word##*[@:=]}"}
  COMPREPLY=()
  while IFS=$'\\t' read -r candidate _; do
    COMPREPLY+=("\${candidate#"$kept"}")
  done < <("\${words[0]}" __complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -o bashdefault -o default -F _flotilla flotilla
`,
  zsh: `#compdef flotilla
_flotilla() {
  local -a candidates
  candidates=("\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null | cut -f 1)}")
  [[ -n \${candidates[1]} ]] && compadd -a candidates || _files
}
compdef _flotilla flotilla
`,
  fish: `function __flotilla_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l program $words[1]
  set -e words[1]
  $program __complete -- $words "$current" 2>/dev/null
end
complete -c flotilla -a '(__flotilla_complete)'
`,
} as const;

export type Shell = keyof typeof completionScripts;
