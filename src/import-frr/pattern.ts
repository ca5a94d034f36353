/** The words of a statement by the names that its pattern gives them; absent where an optional part is. */
export type Words = Readonly<Record<string, string | undefined>>;

/**
 * Returns what matches statements of a form: `<name>` is one word, `<name...>` all that follow, `a|b` either word, and what is
 * in brackets may be absent: `neighbor <peer> allowas-in [<count>]`. One blank stands between words.
 */
export function pattern(form: string): RegExp {
  const parts = form
    .split(/(?=\[)|(?<=\])/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const source = parts.map((part, i) => {
    const blank = i === 0 ? '' : ' ';
    return part.startsWith('[') ? `(?:${blank}${wordsOf(part.slice(1, -1))})?` : `${blank}${wordsOf(part)}`;
  });
  return new RegExp(`^${source.join('')}$`);
}

function wordsOf(form: string): string {
  return form
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => {
      const [, name, many] = /^<([a-z]+)(\.\.\.)?>$/.exec(word) ?? [];
      if (name !== undefined) return `(?<${name}>${many === undefined ? '\\S+' : '.+'})`;
      return word.includes('|') ? `(?:${word})` : word.replace(/[.*+]/g, '\\$&');
    })
    .join(' ');
}

/** The words of a statement that has the form; else undefined. */
export function matched(form: RegExp, text: string): Words | undefined {
  const match = form.exec(text);
  return match === null ? undefined : { ...match.groups };
}
