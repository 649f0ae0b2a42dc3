/** Matches `%pip install …`, `!pip install …` and `!python -m pip install …`, and captures the arguments. */
const COMMAND =
  /^\s*(?:[%!]\s*|!\s*\S*python[\d.]*\s+-m\s+|!\s*\{sys\.executable\}\s+-m\s+)(?:uv\s+)?pip[\d.]*\s+install\s+(.+)$/gm;

/** List the arguments of the `pip install` commands in a cell, without quotes. */
export function pipArguments(source: string): string[] {
  return [...source.matchAll(COMMAND)].flatMap(match =>
    (match[1].match(/"[^"]*"|'[^']*'|\S+/g) ?? []).map(word =>
      word.replace(/["']/g, '')
    )
  );
}
