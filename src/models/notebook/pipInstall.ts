/** The conda package and build that correspond to a distribution of PyPI. */
const PACKAGES: ReadonlyMap<string, { name: string; build: string }> = new Map(
  Object.entries({
    tensorflow: { name: 'tensorflow', build: '' },
    'tensorflow-cpu': { name: 'tensorflow', build: 'cpu_*' },
    'tensorflow-intel': { name: 'tensorflow', build: 'cpu_*' },
    'tensorflow-gpu': { name: 'tensorflow', build: 'cuda*' },
    'tensorflow[and-cuda]': { name: 'tensorflow', build: 'cuda*' },
    keras: { name: 'keras', build: '' },
    'tf-keras': { name: 'tf-keras', build: '' }
  })
);

/** Matches `%pip install …`, `!pip install …` and `!python -m pip install …`, and captures the arguments. */
const COMMAND =
  /^\s*(?:[%!]\s*|!\s*\S*python[\d.]*\s+-m\s+|!\s*\{sys\.executable\}\s+-m\s+)(?:uv\s+)?pip[\d.]*\s+install\s+(.+)$/gm;

const REQUIREMENT = /^([A-Za-z][\w.-]*)(\[[\w,-]+\])?\s*(.*)$/;

/**
 * List the conda specs for the TensorFlow and Keras packages that a cell installs with pip.
 */
export function condaSpecs(source: string): string[] {
  const found = [...source.matchAll(COMMAND)].flatMap(match =>
    (match[1].match(/"[^"]*"|'[^']*'|\S+/g) ?? [])
      .map(word => word.replace(/["']/g, ''))
      .map(specOf)
  );
  return [...new Set(found.filter((spec): spec is string => spec !== null))];
}

function specOf(requirement: string): string | null {
  const match = REQUIREMENT.exec(requirement);
  if (!match) {
    return null;
  }
  const [, distribution, extras, range] = match;
  const name = distribution.toLowerCase().replace(/[_.]/g, '-');
  const found = PACKAGES.get(name + (extras ?? '')) ?? PACKAGES.get(name);
  if (!found) {
    return null;
  }
  const version = versionSpec(range);
  if (version === null) {
    return found.name;
  }
  return [
    found.name,
    ...(version || found.build ? [version || '*'] : []),
    ...(found.build ? [found.build] : [])
  ].join(' ');
}

/** Convert a version range of PEP 440 to conda's syntax; null if the text is not a range. */
function versionSpec(range: string): string | null {
  if (range === '') {
    return '';
  }
  const parts = range.split(',').map(part => part.trim());
  return parts.every(part => /^(==|~=|!=|[<>]=?)[\w.!+*]+$/.test(part))
    ? parts.map(part => part.replace(/^==(.*\.\*)$/, '$1')).join(',')
    : null;
}
