/** Return the specs in a text, as packages of the index. They are separated by spaces or commas. */
export function indexSpecs(text: string): readonly string[] {
  // A comma before a comparison belongs to a version, as in keras>=3,<4. Spaces around a comparison do, too.
  return text
    .replace(/\s*([<>=!~]=?=?|,(?=\s*[<>=!~]))\s*/g, '$1')
    .split(/[\s,]+(?![<>=!~])/)
    .map(part => part.replace(/^pypi:/i, ''))
    .filter(part => part !== '')
    .map(part => `pypi:${part}`);
}
