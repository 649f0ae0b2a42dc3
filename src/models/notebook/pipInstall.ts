/** Matches what precedes the arguments in a line with `%pip install …`, `!pip install …` or `!python -m pip install …`. */
const FIRST =
  /^\s*(?:[%!]\s*|!\s*\S*python[\d.]*\s+-m\s+|!\s*\{sys\.executable\}\s+-m\s+)(?:uv\s+)?pip[\d.]*\s+install\s+/;

/** Matches the same in a command that follows another one in its line. */
const NEXT =
  /^\s*(?:(?:\S*python[\d.]*|\{sys\.executable\})\s+-m\s+)?(?:uv\s+)?pip[\d.]*\s+install\s+/;

/** Matches a command of a line, up to what separates it from the next one. */
const COMMANDS = /(?:"[^"]*"|'[^']*'|[^;|&])+/g;

/** Matches a word of a command, with its quotes. */
const WORDS = /(?:"[^"]*"|'[^']*'|[^\s"'])+/g;

/** Matches the first word after the arguments: of a comment, or of a redirection to a file. */
const END = /^(?:#|\d?>{1,2}(?:$|[/&]))/;

/** List the arguments of the `pip install` commands in a cell, without quotes. */
export function pipArguments(source: string): string[] {
  return source.replace(/\\\n/g, ' ').split('\n').flatMap(argumentsIn);
}

function argumentsIn(line: string): string[] {
  if (!/^\s*[%!]/.test(line)) {
    return [];
  }
  return (line.match(COMMANDS) ?? []).flatMap((command, index) => {
    const start = (index === 0 ? FIRST : NEXT).exec(command);
    const words = start ? command.slice(start[0].length).match(WORDS) : null;
    const end = words?.findIndex(word => END.test(word)) ?? -1;
    return (words?.slice(0, end < 0 ? undefined : end) ?? []).map(word =>
      word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2')
    );
  });
}
